import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect } from "chai";
import { field } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import type { RegistryFault, SeenRequest } from "../support/registry-faults.js";
import { basicOf, dockerConfigOf, wantsPassword } from "../support/registry-logins.js";
import { tempDir } from "../support/temp.js";
import { ImageWorld } from "./image-world.js";

const PASSWORD = "registry-password-of-the-tests";
const ACCOUNT = { username: "robot", password: PASSWORD };

describe("faults 23 to 26: a registry that misbehaves", () => {
  let world: ImageWorld;
  let dockerConfig: string;
  before(async function () {
    dockerConfig = await tempDir("mdocker-");
    world = await ImageWorld.open(this, {
      env: { DOCKER_CONFIG: dockerConfig },
      runtimes: ["one", "two"],
      runtimesElsewhere: ["far"],
    });
    for (const runtime of ["one", "two", "far"]) await world.images.push(world.name(runtime), runtime);
    await world.startHost();
  });
  after(async function () {
    this.timeout(120_000);
    await world.end();
    expect(world.host.lines.map(({ text }) => text).join("\n")).not.to.include(PASSWORD);
  });
  afterEach(() => world.proxy.reset());

  const isOne = ({ path, agent }: SeenRequest) => agent === "node" && path.includes("/one/");
  const heads = () => world.proxy.ours("HEAD", /\/one\//);
  /** Answers the first `times` requests for the runtime `one` so. */
  const first = (times: number, answer: RegistryFault, method = /./) => {
    let left = times;
    world.proxy.fault = (request) =>
      isOne(request) && method.test(request.method) && left-- > 0 ? answer : undefined;
  };

  it("23: an image that is gone upstream is told, and comes back", async function () {
    this.timeout(120_000);
    const container = await world.launch();
    await world.images.unpush(world.name());
    expect(await world.check()).to.match(/the registry has no image .*; workspaces stay as they are/);
    expect(await world.check("two")).to.equal("unchanged");
    expect((await world.containers()).map(({ id }) => id)).to.deep.equal([container]);
    await world.images.push(world.name(), "one, repaired");
    expect(await world.check()).to.equal("pulled");
  });

  it("24: 429 is waited out as the header says, in seconds or as a date, and never shorter than 100 ms", async function () {
    this.timeout(120_000);
    for (const [wait, atLeastMs] of [
      ["1", 1_000],
      [() => new Date(Date.now() + 2_000).toUTCString(), 900],
      ["0", 100],
    ] as const) {
      world.proxy.reset();
      const value = typeof wait === "string" ? wait : wait();
      first(1, { kind: "answer", status: 429, headers: { "Retry-After": value } });
      const started = performance.now();
      expect(await world.check()).to.equal("unchanged");
      expect(performance.now() - started).to.be.at.least(atLeastMs);
      expect(heads()).to.have.length(2);
    }
  });

  it("24: 429 with the wait in GHCR's body is waited out too", async function () {
    this.timeout(120_000);
    let refusals = 2;
    world.proxy.fault = (request) => {
      if (!isOne(request)) return undefined;
      if (request.method === "HEAD") return { kind: "answer", status: 405 };
      return refusals-- > 0
        ? {
            kind: "answer",
            status: 429,
            body: '{"errors":[{"message":"retry-after: 880.092µs, allowed: 44000/minute"}]}',
          }
        : undefined;
    };
    const started = performance.now();
    expect(await world.check()).to.equal("unchanged");
    expect(performance.now() - started).to.be.at.least(200);
    expect(world.proxy.ours("GET", /\/one\//)).to.have.length(3);
  });

  it("24: a registry that wants to be left alone for long is left alone, also by the next cycles; another one is asked", async function () {
    this.timeout(120_000);
    first(1, { kind: "answer", status: 429, headers: { "Retry-After": "3600" } });
    const started = performance.now();
    await world.cycle();
    expect(performance.now() - started).to.be.below(60_000);
    const count = world.proxy.seen.length;
    world.elsewhere.reset();
    expect(await world.check()).to.match(/wants to be left alone for \d+ s more/);
    expect(world.proxy.seen).to.have.length(count);
    expect(world.elsewhere.ours("HEAD", /\/far\//)).to.have.length(1);
    expect(field(await world.status("far"), "last_check", "outcome")).to.equal("unchanged");
    await world.host.stop();
    await world.startHost();
  });

  it("25: a token is fetched where the registry says, kept, and fetched anew where a new realm is named", async function () {
    this.timeout(120_000);
    const { host } = world.proxy;
    await writeFile(join(dockerConfig, "config.json"), dockerConfigOf(host, ACCOUNT));
    let realm = "/token-a";
    world.proxy.fault = (request) => {
      if (request.path.startsWith(`${realm}?`)) {
        return {
          kind: "answer",
          status: 200,
          body: JSON.stringify({ token: `t${realm.slice(1)}`, expires_in: 300 }),
        };
      }
      if (!isOne(request) || request.headers.authorization === `Bearer t${realm.slice(1)}`) return undefined;
      const challenge = `Bearer realm="http://${host}${realm}",service="tests",scope="repository:x:pull"`;
      return { kind: "answer", status: 401, headers: { "WWW-Authenticate": challenge } };
    };
    expect(await world.check()).to.equal("unchanged");
    const [asked] = world.proxy.ours("GET", /^\/token-a/);
    expect(asked?.headers.authorization).to.equal(basicOf(ACCOUNT));
    expect(asked?.path).to.equal("/token-a?service=tests&scope=repository%3Ax%3Apull");

    world.proxy.seen.length = 0;
    expect(await world.check()).to.equal("unchanged");
    expect(heads()).to.have.length(1);
    expect(world.proxy.ours("GET", /./)).to.deep.equal([]);

    world.proxy.seen.length = 0;
    realm = "/token-b";
    expect(await world.check()).to.equal("unchanged");
    expect(world.proxy.ours("GET", /^\/token-b/)).to.have.length(1);
    expect(heads()).to.have.length(2);
  });

  it("25: an image behind a password comes with the same login at a launch, at a refresh and at a check", async function () {
    this.timeout(120_000);
    await writeFile(join(dockerConfig, "config.json"), dockerConfigOf(world.proxy.host, ACCOUNT));
    await world.images.removeLocal(world.name("two"));
    world.proxy.fault = wantsPassword(ACCOUNT);
    await world.launch("two");
    const refreshed = await world.images.push(world.name("two"), "two, refreshed");
    const report = await world.refresh("?runtime=two&recreate=false");
    expect(report.body).to.deep.include({ pulled: ["two"], errors: {} });
    expect(await world.has(refreshed, "two")).to.equal(true);
    await world.images.push(world.name("two"), "two, watched");
    expect(await world.check("two")).to.equal("pulled");
  });

  it("25: credentials are never sent to a realm on a foreign host", async function () {
    this.timeout(120_000);
    const received: (string | undefined)[] = [];
    const foreign = createServer((request, answer) => {
      received.push(request.headers.authorization);
      answer.setHeader("Connection", "close");
      answer.end(JSON.stringify({ token: "anonymous" }));
    });
    await new Promise<void>((resolve) => foreign.listen(0, "localhost", resolve));
    try {
      const address = foreign.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      world.proxy.fault = (request) =>
        !isOne(request) || request.headers.authorization === "Bearer anonymous"
          ? undefined
          : {
              kind: "answer",
              status: 401,
              headers: { "WWW-Authenticate": `Bearer realm="http://localhost:${port}/token"` },
            };
      expect(await world.check()).to.equal("unchanged");
      expect(received).to.deep.equal([undefined]);
    } finally {
      await new Promise((resolve) => foreign.close(resolve));
    }
  });

  it("26: one that fails is asked again a few times, then given up until the next cycle", async function () {
    this.timeout(120_000);
    first(2, { kind: "answer", status: 503 });
    expect(await world.check()).to.equal("unchanged");
    expect(heads()).to.have.length(3);
    world.proxy.reset();
    first(99, { kind: "answer", status: 502 });
    expect(await world.check()).to.match(/can't be asked: it answers 502/);
    expect(heads()).to.have.length(4);
  });

  it("26: one that does not answer bounds the cycle, and keeps no other image waiting for its result", async function () {
    this.timeout(120_000);
    const checkedAt = async (runtime: string) => field(await world.status(runtime), "last_check", "at");
    const [one, two] = [await checkedAt("one"), await checkedAt("two")];
    first(99, { kind: "hang" });
    const started = performance.now();
    const checked = world.check();
    await eventually(async () => (await checkedAt("two")) !== two, { what: "the other has its result" });
    expect(await checkedAt("one"), "the one that hangs has none yet").to.equal(one);
    expect(field(await world.status("two"), "last_check", "outcome")).to.equal("unchanged");
    expect(await checked).to.match(/no answer within 15000 ms/);
    expect(performance.now() - started).to.be.below(60_000);
    expect(heads()).to.have.length(1);
  });

  it("26: where HEAD is refused, or has no digest, the manifest is read, up to 4 MiB of it", async function () {
    this.timeout(120_000);
    first(1, { kind: "answer", status: 405 }, /HEAD/);
    expect(await world.check()).to.equal("unchanged");
    expect(world.proxy.ours("GET", /\/one\//)).to.have.length(1);

    world.proxy.reset();
    await world.images.push(world.name(), "one, without a digest");
    first(1, { kind: "strip", headers: ["docker-content-digest"] }, /HEAD/);
    expect(await world.check()).to.equal("pulled");
    world.proxy.fault = (request) => {
      if (!isOne(request)) return undefined;
      if (request.method === "HEAD") return { kind: "answer", status: 405 };
      return { kind: "answer", status: 200, body: "x".repeat(5 * 1024 * 1024) };
    };
    expect(await world.check()).to.match(/longer than 4194304 bytes/);
  });
});
