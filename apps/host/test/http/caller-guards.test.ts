import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { SecretMasker, silentLogger } from "@molecule/core";
import { expect } from "chai";
import { Access } from "../../dist/http/access.js";
import type { HttpConfig } from "../../dist/http/dependencies.js";
import { Guards } from "../../dist/http/guards.js";
import { errorAnswer } from "../../dist/http/http-error.js";
import { Origins } from "../../dist/http/origins.js";
import { OrgTokenStore } from "../../dist/storage/org-token-store.js";
import { systemRandom } from "../../dist/storage/random.js";
import { TokenStore, type VerifiedToken } from "../../dist/storage/token-store.js";
import { WorkspaceStore } from "../../dist/storage/workspace-store.js";
import { addWorkspace } from "../storage/databases.js";
import { ask, bearer } from "./ask.js";
import { useSharedDatabase } from "./shared-database.js";

const STRANGE_TOKEN = "A".repeat(43);
const CONFIG: HttpConfig = {
  environment: "production",
  adminToken: "admin-secret",
  metricsToken: null,
  generatedAdminToken: null,
  corsOrigins: [],
  trustedProxies: [],
  rateLimitPerMinute: 1_000,
  orgId: null,
  canvasDir: null,
};
const DEV: Partial<HttpConfig> = { environment: "development", adminToken: null };

type Question = (guards: Guards, request: IncomingMessage) => Promise<VerifiedToken | null>;

describe("the guards that tell one caller from another", () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  const suite = useSharedDatabase();

  /** A server that answers whose token a guard let in; two workspaces; an org token. */
  async function start(config: Partial<HttpConfig>, question: (own: string) => Question) {
    const services = { db: suite.db, random: systemRandom, log: silentLogger };
    const tokens = new TokenStore(services);
    const orgTokens = new OrgTokenStore(services);
    const origins = new Origins([]);
    const access = new Access({ ...CONFIG, ...config }, origins);
    const guards = new Guards(
      { tokens, orgTokens, workspaces: new WorkspaceStore(services) },
      access,
      origins,
    );
    const [own, other] = [await addWorkspace(suite.db), await addWorkspace(suite.db)];
    const look = question(own);
    const server = createServer((request, response) => {
      look(guards, request).then(
        (verified) => response.end(verified?.workspaceId ?? "nobody"),
        (error: unknown) => {
          const { status, body } = errorAnswer(error, new SecretMasker());
          response.writeHead(status).end(body.error);
        },
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ends.push(async () => {
      server.close();
      await once(server, "close");
      await Promise.all([tokens.settle(), orgTokens.settle()]);
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const issue = async (workspaceId: string) =>
      (await tokens.issue(suite.db, { workspaceId, attempt: 1 })).token;
    return {
      own: { id: own, token: await issue(own) },
      other: { id: other, token: await issue(other) },
      org: await orgTokens.issue("ci"),
      orgTokens,
      ask: async (token?: string) => {
        const headers = token === undefined ? {} : bearer(token);
        const { status, text } = await ask(`http://127.0.0.1:${port}/`, { headers });
        return `${status} ${text}`;
      },
    };
  }

  it("Discovery passes the workspace itself and the admin token", async () => {
    const world = await start({}, (own) => (guards, request) => guards.discovery(request, own));
    expect(await world.ask(world.own.token)).to.equal(`200 ${world.own.id}`);
    expect(await world.ask("admin-secret")).to.equal("200 nobody");
    expect(await world.ask()).to.equal("401 missing workspace auth token");
    for (const token of [world.other.token, world.org.token, STRANGE_TOKEN, "x"]) {
      expect(await world.ask(token)).to.equal("401 invalid workspace auth token");
    }
  });

  it("Discovery passes everybody in Dev, and still tells the workspace's own token", async () => {
    const world = await start(DEV, (own) => (guards, request) => guards.discovery(request, own));
    expect(await world.ask(world.own.token)).to.equal(`200 ${world.own.id}`);
    expect(await world.ask(world.other.token)).to.equal("200 nobody");
    expect(await world.ask()).to.equal("200 nobody");
  });

  it("Any passes every live token, and tells which workspace came", async () => {
    const world = await start({}, () => (guards, request) => guards.any(request));
    expect(await world.ask(world.own.token)).to.equal(`200 ${world.own.id}`);
    expect(await world.ask(world.other.token)).to.equal(`200 ${world.other.id}`);
    expect(await world.ask("admin-secret")).to.equal("200 nobody");
    expect(await world.ask(world.org.token)).to.equal("200 nobody");
    expect(await world.ask()).to.equal("401 missing workspace auth token");
    expect(await world.ask(STRANGE_TOKEN)).to.equal("401 invalid workspace auth token");
    await world.orgTokens.revoke(world.org.id);
    expect(await world.ask(world.org.token)).to.equal("401 invalid workspace auth token");
  });

  it("Any passes everybody in Dev", async () => {
    const world = await start(DEV, () => (guards, request) => guards.any(request));
    expect(await world.ask()).to.equal("200 nobody");
    expect(await world.ask(STRANGE_TOKEN)).to.equal("200 nobody");
    expect(await world.ask(world.other.token)).to.equal(`200 ${world.other.id}`);
  });

  it("nobody but the workspace itself passes where its own token is asked for, not even in Dev", async () => {
    const own: (id: string) => Question = (id) => (guards, request) => guards.workspaceItself(request, id);
    for (const config of [{}, DEV]) {
      const world = await start(config, own);
      expect(await world.ask(world.own.token)).to.equal(`200 ${world.own.id}`);
      expect(await world.ask()).to.equal("401 missing workspace auth token");
      for (const token of [world.other.token, world.org.token, "admin-secret"]) {
        expect(await world.ask(token)).to.equal("401 invalid workspace auth token");
      }
    }
  });

  it("a live org token passes Admin and Workspace, and none that was revoked", async () => {
    const world = await start({}, (own) => async (guards, request) => {
      await guards.admin(request);
      return guards.workspace(request, own);
    });
    expect(await world.ask(world.org.token)).to.equal("200 nobody");
    expect(await world.ask(world.own.token)).to.equal("401 invalid admin auth token");
    await world.orgTokens.revoke(world.org.id);
    expect(await world.ask(world.org.token)).to.equal("401 invalid admin auth token");
  });
});
