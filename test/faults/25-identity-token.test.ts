import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { startServer, type TestServer } from "../support/http-server.js";
import { tempDir } from "../support/temp.js";
import { ImageWorld } from "./image-world.js";

const IDENTITY = "identity-token-of-the-tests";
const TOKEN = "short-lived-token-of-the-tests";

/** What a token service was asked with. */
interface Asked {
  readonly method: string;
  readonly query: string;
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

describe("fault 25: a registry whose login is an identity token", () => {
  let world: ImageWorld;
  let service: TestServer;
  let dockerConfig: string;
  const asked: Asked[] = [];

  before(async function () {
    dockerConfig = await tempDir("mdocker-");
    service = await startServer((request, response) => {
      void text(request).then((body) => {
        const form = Object.fromEntries(new URLSearchParams(body));
        const { method = "", url = "", headers } = request;
        asked.push({ method, query: url, authorization: headers.authorization, form });
        const isGood = form.grant_type === "refresh_token" && form.refresh_token === IDENTITY;
        response.writeHead(isGood ? 200 : 401, { "Content-Type": "application/json", Connection: "close" });
        response.end(JSON.stringify(isGood ? { access_token: TOKEN, expires_in: 300 } : {}));
      });
    });
    world = await ImageWorld.open(this, { env: { DOCKER_CONFIG: dockerConfig } });
    await world.images.push(world.name(), "first");
    world.proxy.fault = ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}`
        ? undefined
        : {
            kind: "answer",
            status: 401,
            headers: { "WWW-Authenticate": `Bearer realm="${service.url}/token",service="tests"` },
          };
    await world.startHost();
  });
  beforeEach(() => {
    asked.length = 0;
  });
  after(async function () {
    this.timeout(60_000);
    await world.end();
    await service.stop();
    const said = world.host.lines.map((line) => line.text).join("\n");
    expect(said).not.to.include(IDENTITY);
    expect(said).not.to.include(TOKEN);
  });

  /** As `docker login` keeps it where the registry gave one. */
  const login = (identitytoken: string) =>
    writeFile(
      join(dockerConfig, "config.json"),
      JSON.stringify({ auths: { [world.proxy.host]: { identitytoken } } }),
    );

  it("is told when its token service takes it no more, and the token is not", async function () {
    this.timeout(120_000);
    await login("identity-token-that-has-ended");
    const told = await world.check();
    expect(told)
      .to.match(/its token service 127\.0\.0\.1:\d+ answers 401 to the credentials/)
      .and.not.include("identity-token");
  });

  it("gives it by POST for a token, at a check, at a refresh and at a launch", async function () {
    this.timeout(120_000);
    await login(IDENTITY);
    expect(await world.check()).to.be.oneOf(["seeded", "unchanged", "pulled"]);
    expect(asked).to.deep.equal([
      {
        method: "POST",
        query: "/token",
        authorization: undefined,
        form: {
          service: "tests",
          scope: `repository:${world.name().replace(/:.*/, "")}:pull`,
          grant_type: "refresh_token",
          client_id: "molecule",
          refresh_token: IDENTITY,
        },
      },
    ]);
    const digest = await world.images.push(world.name(), "second");
    expect((await world.refresh("?recreate=false")).body).to.deep.include({ pulled: ["one"], errors: {} });
    expect(await world.has(digest)).to.equal(true);
    await world.images.removeLocal(world.name());
    await world.launch();
    expect(asked.filter(({ method }) => method !== "POST")).to.deep.equal([]);
  });
});
