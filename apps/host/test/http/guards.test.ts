import { randomUUID } from "node:crypto";
import { networkInterfaces } from "node:os";
import { expect } from "chai";
import { skip } from "@molecule/test/support/skip.js";
import { addWorkspace } from "../storage/databases.js";
import { ask, bearer, type Answer, type Question } from "./ask.js";
import { ADMIN_TOKEN, DEVELOPMENT, usePlatforms, type RunningPlatform } from "./platform.js";

const STRANGE_TOKEN = "A".repeat(43);

/** Status and error text, as the table of api.md §2 has them. */
function verdict({ status, body }: Answer): string {
  const error = typeof body === "object" && body !== null && "error" in body ? String(body.error) : "";
  return `${status} ${error}`.trim();
}

/**
 * An address of this machine under which it is no loopback peer to itself; that of an engine's bridge, which other tests
 * may remove, only where there is no other.
 */
function outwardAddress(): string | undefined {
  const outward = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4")
      .map(({ address }) => ({ address, bridged: /^(docker|br-|veth|mte)/.test(name) })),
  );
  return (outward.find(({ bridged }) => !bridged) ?? outward[0])?.address;
}

describe("the guards", () => {
  const platforms = usePlatforms();
  const get = async (platform: RunningPlatform, path: string, headers: Record<string, string> = {}) =>
    verdict(await ask(platform.url + path, { headers }));
  const post = async (platform: RunningPlatform, path: string, question: Question) =>
    verdict(await ask(platform.url + path, { method: "POST", ...question }));

  describe("Admin", () => {
    it("passes the admin token only, whether it was set or generated", async () => {
      const set = await platforms.start();
      expect(await get(set, "/workspaces", bearer(ADMIN_TOKEN))).to.equal("200");
      expect(await get(set, "/workspaces", { Authorization: `bearer  ${ADMIN_TOKEN}` })).to.equal("200");
      expect(await get(set, "/workspaces")).to.equal("401 admin auth required");
      expect(await get(set, "/workspaces", { Authorization: "Basic YTpi" })).to.equal(
        "401 admin auth required",
      );
      expect(await get(set, "/workspaces", bearer("wrong"))).to.equal("401 invalid admin auth token");
      expect(await get(set, "/workspaces", bearer(`${ADMIN_TOKEN}x`))).to.equal(
        "401 invalid admin auth token",
      );
      const generated = await platforms.start({
        config: { adminToken: null, generatedAdminToken: "made-by-the-host-1" },
      });
      expect(await get(generated, "/workspaces", bearer("made-by-the-host-1"))).to.equal("200");
      expect(await get(generated, "/workspaces")).to.equal("401 admin auth required");
    });

    it("does not take a workspace's token for an administrator's", async () => {
      const platform = await platforms.start();
      const { token } = await platforms.addAgent(platform);
      expect(await get(platform, "/workspaces", bearer(token))).to.equal("401 invalid admin auth token");
    });

    it("passes everybody on this machine in Dev, even with a bad token", async () => {
      const platform = await platforms.start({ config: DEVELOPMENT });
      expect(await get(platform, "/workspaces")).to.equal("200");
      expect(await get(platform, "/workspaces", bearer("wrong"))).to.equal("200");
    });

    it("is not open in development once ADMIN_TOKEN is set, nor where MOLECULE_ENV is unset", async () => {
      const withToken = await platforms.start({ config: { environment: "development" } });
      expect(await get(withToken, "/workspaces")).to.equal("401 admin auth required");
      const unset = await platforms.start({ config: { environment: null, adminToken: null } });
      expect(await get(unset, "/workspaces")).to.equal("401 admin auth required");
    });

    it("is not open in Dev to other machines, such as a container on a bridge", async function () {
      const address = outwardAddress();
      if (address === undefined) skip(this, "this machine has no address but loopback");
      const platform = await platforms.start({ config: DEVELOPMENT, host: "0.0.0.0" });
      const answer = await ask(`http://${address}:${platform.port}/workspaces`);
      expect(verdict(answer)).to.equal("401 admin auth required");
      const pretended = await ask(`http://${address}:${platform.port}/workspaces`, {
        headers: { "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", Host: "localhost" },
      });
      expect(verdict(pretended)).to.equal("401 admin auth required");
    });

    it("is not open in Dev to a page whose name was pointed at this machine", async () => {
      const platform = await platforms.start({ config: DEVELOPMENT });
      const host = `evil.example:${platform.port}`;
      expect(await get(platform, "/workspaces", { Host: host })).to.equal("401 admin auth required");
      const origin = `http://${host}`;
      expect(
        await post(platform, "/workspaces", { headers: { Host: host, Origin: origin }, body: { name: "x" } }),
      ).to.equal("401 admin auth required");
      expect(await get(platform, "/workspaces", { Host: `localhost:${platform.port}` })).to.equal("200");
    });

    it("refuses before it reads a body or looks at an id", async () => {
      const platform = await platforms.start();
      expect(await post(platform, "/workspaces", { body: "{" })).to.equal("401 admin auth required");
      expect(await get(platform, "/events/no-uuid")).to.equal("401 admin auth required");
    });
  });

  describe("Workspace", () => {
    it("passes the workspace's own live token and the admin token, and no other", async () => {
      const platform = await platforms.start();
      const [own, other] = [await platforms.addAgent(platform), await platforms.addAgent(platform)];
      const path = `/workspaces/${own.id}`;
      expect(await get(platform, path, bearer(own.token))).to.equal("200");
      expect(
        await get(platform, path.toUpperCase().replace("/WORKSPACES", "/workspaces"), bearer(own.token)),
      ).to.equal("200");
      expect(await get(platform, path, bearer(ADMIN_TOKEN))).to.equal("200");
      expect(await get(platform, path)).to.equal("401 missing workspace auth token");
      for (const token of [other.token, STRANGE_TOKEN, "x"]) {
        expect(await get(platform, path, bearer(token))).to.equal("401 invalid workspace auth token");
      }
    });

    it("refuses a token that was revoked, and those of a workspace that is removed", async () => {
      const platform = await platforms.start();
      const revoked = await platforms.addAgent(platform);
      const [token] = await platform.tokens.list(revoked.id);
      await platform.tokens.revoke(revoked.id, token?.id ?? "");
      expect(await get(platform, `/workspaces/${revoked.id}`, bearer(revoked.token))).to.equal(
        "401 invalid workspace auth token",
      );
      const removed = await platforms.addAgent(platform);
      await platforms.database.db
        .updateTable("workspaces")
        .set({ status: "removed" })
        .where("id", "=", removed.id)
        .execute();
      expect(await get(platform, `/workspaces/${removed.id}/state`, bearer(removed.token))).to.equal(
        "401 invalid workspace auth token",
      );
    });

    it("passes everybody without a token in Dev, and refuses a bad one there too", async () => {
      const platform = await platforms.start({ config: DEVELOPMENT });
      const [own, other] = [await platforms.addAgent(platform), await platforms.addAgent(platform)];
      expect(await get(platform, `/workspaces/${own.id}`)).to.equal("200");
      expect(await get(platform, `/workspaces/${own.id}`, bearer(own.token))).to.equal("200");
      expect(await get(platform, `/workspaces/${own.id}`, bearer(other.token))).to.equal(
        "401 invalid workspace auth token",
      );
    });
  });

  describe("Registry", () => {
    const heartbeat = (id: string, token?: string): Question => ({
      body: { workspace_id: id, active_tasks: 1 },
      headers: token === undefined ? {} : bearer(token),
    });

    it("passes the own token of the current attempt only; the admin token does not help", async () => {
      const platform = await platforms.start();
      const [own, other] = [await platforms.addAgent(platform), await platforms.addAgent(platform)];
      const beat = (token?: string) => post(platform, "/registry/heartbeat", heartbeat(own.id, token));
      expect(await beat(own.token)).to.equal("200");
      expect(await beat()).to.equal("401 missing workspace auth token");
      for (const token of [other.token, ADMIN_TOKEN, STRANGE_TOKEN]) {
        expect(await beat(token)).to.equal("401 invalid workspace auth token");
      }
      await platforms.database.db
        .updateTable("workspaces")
        .set({ attempt: 2 })
        .where("id", "=", own.id)
        .execute();
      expect(await beat(own.token)).to.equal("401 invalid workspace auth token");
    });

    it("lets a workspace without a live token come without one in Dev, until it has one", async () => {
      const platform = await platforms.start({ config: DEVELOPMENT });
      const id = await addWorkspace(platforms.database.db, { status: "provisioning" });
      const register = (headers: Record<string, string> = {}) =>
        ask(`${platform.url}/registry/register`, {
          method: "POST",
          headers,
          body: { id, url: "http://localhost:1", agent_card: { name: "A" } },
        });
      const first = await register();
      expect(first.status).to.equal(200);
      const { body } = first;
      if (typeof body !== "object" || body === null || !("auth_token" in body)) throw new Error(first.text);
      expect(body).to.include({ status: "registered" });
      expect(body.auth_token).to.match(/^[\w-]{43}$/);
      expect(verdict(await register())).to.equal("401 missing workspace auth token");
      expect(verdict(await register(bearer(STRANGE_TOKEN)))).to.equal("401 invalid workspace auth token");
      expect((await register(bearer(String(body.auth_token)))).text).to.equal('{"status":"registered"}');
    });

    it("answers 404 and gives no token to a removed workspace", async () => {
      const platform = await platforms.start({ config: DEVELOPMENT });
      const id = await addWorkspace(platforms.database.db, { status: "removed" });
      const answer = await ask(`${platform.url}/registry/register`, {
        method: "POST",
        body: { id, url: "http://localhost:1", agent_card: {} },
      });
      expect(answer.status).to.equal(404);
      expect(answer.body).to.deep.equal({ error: "workspace not found", code: "WORKSPACE_NOT_FOUND" });
    });

    it("takes nothing but a UUID for the workspace that a body names", async () => {
      const platform = await platforms.start({ config: DEVELOPMENT });
      for (const workspace_id of [undefined, null, 7, "x", `urn:uuid:${randomUUID()}`, { id: "x" }]) {
        const answer = await ask(`${platform.url}/registry/heartbeat`, {
          method: "POST",
          body: { workspace_id },
        });
        expect(answer.status, JSON.stringify(workspace_id)).to.equal(400);
        expect(answer.text).to.contain("workspace_id").and.contain("INVALID_REGISTRATION");
      }
      for (const body of ["[]", "null", '"x"']) {
        expect((await ask(`${platform.url}/registry/register`, { method: "POST", body })).status).to.equal(
          400,
        );
      }
    });
  });

  describe("Canvas", () => {
    const put = (platform: RunningPlatform, headers: Record<string, string>) =>
      ask(`${platform.url}/canvas/viewport`, { method: "PUT", headers, body: { x: 1, y: 2, zoom: 0.5 } });

    it("passes administrators and pages of a listed origin", async () => {
      const platform = await platforms.start();
      expect((await put(platform, bearer(ADMIN_TOKEN))).text).to.equal('{"status":"saved"}');
      expect((await put(platform, { Origin: "http://localhost:3000" })).text).to.equal('{"status":"saved"}');
      expect(verdict(await put(platform, {}))).to.equal("401 admin auth required");
      expect((await put(platform, { Origin: "http://evil.example" })).status).to.equal(403);
    });
  });

  describe("open", () => {
    it("asks for no token", async () => {
      const platform = await platforms.start();
      for (const path of ["/health", "/ready", "/openapi.json", "/canvas/viewport"]) {
        expect(await get(platform, path), path).to.equal("200");
      }
    });
  });
});
