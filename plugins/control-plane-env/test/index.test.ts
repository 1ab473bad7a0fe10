import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kernel, parseManifest, SecretMasker, systemClock, type Clock } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { ControlPlane } from "./support/control-plane.js";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const SECRET = "hunter22-rotated";

describe("the plugin control-plane-env in a kernel", () => {
  let plane: ControlPlane;
  let log: RecordingLogger;
  let kernel: Kernel | undefined;
  let env: Record<string, string | undefined>;

  beforeEach(async () => {
    plane = await ControlPlane.start();
    log = new RecordingLogger();
    env = {
      MOLECULE_ORG_ID: "acme",
      ADMIN_TOKEN: "token-of-the-admin",
      MOLECULE_CP_URL: plane.url,
      MOLECULE_CP_SHARED_SECRET: "old",
    };
  });
  afterEach(async () => {
    await kernel?.stop();
    await plane.stop();
  });

  async function boot(clock: Clock = systemClock): Promise<void> {
    const dir = await tempDir();
    await mkdir(join(dir, "node_modules/@molecule"), { recursive: true });
    await symlink(PACKAGE, join(dir, "node_modules/@molecule/plugin-control-plane-env"));
    const plugins = [
      { name: "control-plane-env", module: "@molecule/plugin-control-plane-env", stage: "env" },
    ];
    const manifest = JSON.stringify({ version: 1, plugins, workspace_templates: [] });
    kernel = new Kernel({
      manifest: parseManifest(manifest, join(dir, "manifest.json")),
      env,
      clock,
      log,
      masker: new SecretMasker(),
    });
    await kernel.boot("env");
  }

  const outcome = () => {
    const entry = kernel?.report.entries().find(({ stage }) => stage === "env");
    return `${entry?.outcome ?? ""}: ${entry?.detail ?? ""}`;
  };

  /** Boots, which must go on; tells how, and that nothing was changed and nothing secret logged. */
  async function failureOfBoot(): Promise<string> {
    const before = { ...env };
    await boot();
    expect(env).to.deep.equal(before);
    expect(log.lines.map(({ level }) => level)).to.deep.equal(["warn"]);
    expect(JSON.stringify(log.lines)).not.to.contain(SECRET).and.not.contain("token-of-the-admin");
    return outcome();
  }

  it("overwrites the environment with what the control plane has, and logs no value", async () => {
    plane.serve({ MOLECULE_CP_SHARED_SECRET: SECRET, PORT: "1234" });
    await boot();
    expect(env).to.include({ MOLECULE_CP_SHARED_SECRET: SECRET, PORT: "1234" });
    expect(outcome()).to.equal("ok: set 2, refused 0");
    expect(log.lines.map(({ message }) => message)).to.deep.equal([
      `control plane: ${plane.url}/cp/tenants/config — set 2, refused 0`,
    ]);
    expect(kernel?.envOrigins.get("MOLECULE_CP_SHARED_SECRET")).to.deep.equal({
      plugin: "control-plane-env",
      source: "control plane",
    });
    expect(plane.requests).to.have.length(1);
    expect(plane.requests[0]).to.include({ method: "GET", url: "/cp/tenants/config" });
    expect(plane.requests[0]?.headers).to.include({
      authorization: "Bearer token-of-the-admin",
      "x-molecule-org-id": "acme",
    });
  });

  it("does nothing unless all three variables are set, and says which are not", async () => {
    delete env.MOLECULE_ORG_ID;
    await boot();
    expect(plane.requests).to.deep.equal([]);
    expect(log.lines).to.deep.equal([]);
    expect(outcome()).to.equal("ok: no control plane: MOLECULE_ORG_ID not set");
  });

  it("refuses bad entries one by one, tells the first twenty, and takes the good ones", async () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`N${n}`, n]));
    const hostile = { NODE_OPTIONS: SECRET, LD_PRELOAD: SECRET, PATH: SECRET, "": SECRET, X: { y: SECRET } };
    plane.serve({ ...hostile, BIG: SECRET.repeat(300), ...many, GOOD: "1" });
    const before = { ...env };
    await boot();
    expect(env).to.deep.equal({ ...before, GOOD: "1" });
    expect(outcome()).to.equal("ok: set 1, refused 36");
    const [warning, ...rest] = log.lines.filter(({ level }) => level === "warn");
    expect(rest).to.deep.equal([]);
    expect(warning?.message).to.contain('  - "NODE_OPTIONS": found this name').and.contain("\n  and 16 more");
    expect(JSON.stringify(log.lines)).not.to.contain(SECRET);
  });

  it("lets boot go on when nobody answers", async () => {
    await plane.stop();
    expect(await failureOfBoot()).to.match(/^failed: .*does not answer: .*ECONNREFUSED/);
    plane = await ControlPlane.start();
  });

  it("gives up after 10 s, also in the middle of an answer", async () => {
    for (const begin of ["", '{"MOLECULE_CP_SHARED_SECRET":']) {
      plane.answer((_request, response) => {
        if (begin !== "") response.write(begin);
      });
      const asked = plane.requests.length;
      const clock = new ManualClock();
      const booting = boot(clock);
      await eventually(() => plane.requests.length > asked);
      await clock.advance(9_999);
      expect(outcome()).to.equal(": ");
      await clock.advance(1);
      await booting;
      expect(outcome()).to.match(/^failed: .*did not finish within 10000 ms/);
      expect(env.MOLECULE_CP_SHARED_SECRET).to.equal("old");
      await kernel?.stop();
    }
  });

  for (const [status, hint] of [
    [401, "it does not take ADMIN_TOKEN for this MOLECULE_ORG_ID"],
    [404, "it does not know MOLECULE_ORG_ID, or MOLECULE_CP_URL is not its address"],
    [500, "200 was expected"],
    [204, "200 was expected"],
  ] as const) {
    it(`lets boot go on after a ${status}`, async () => {
      plane.answer((_request, response) => {
        response.statusCode = status;
        response.end(status === 204 ? undefined : JSON.stringify({ A: SECRET }));
      });
      expect(await failureOfBoot()).to.contain(`answered ${status}: ${hint}`);
    });
  }

  it("follows no redirect: the token goes nowhere else", async () => {
    const other = await ControlPlane.start();
    try {
      other.serve({ A: SECRET });
      plane.answer((_request, response) => {
        response.writeHead(302, { Location: `${other.url}/cp/tenants/config` }).end();
      });
      expect(await failureOfBoot()).to.contain("answered 302: redirects are not followed");
      expect(other.requests).to.deep.equal([]);
    } finally {
      await other.stop();
    }
  });

  it("reads no more than 64 KiB", async () => {
    const padding = (bytes: number) => `{"A":"${SECRET}"${" ".repeat(bytes - SECRET.length - 8)}}`;
    plane.serve(padding(1_048_576));
    expect(await failureOfBoot()).to.contain("it is larger than 65536 bytes");
    await kernel?.stop();
    plane.serve(padding(65_536));
    await boot();
    expect(env.A).to.equal(SECRET);
  });

  for (const [what, body, reason] of [
    ["no JSON", `<html>${SECRET}`, "it is not JSON"],
    ["nothing", "", "it is not JSON"],
    ["a list", [SECRET], "it is no JSON object"],
    ["a string", JSON.stringify(SECRET), "it is no JSON object"],
    ["null", "null", "it is no JSON object"],
  ] as const) {
    it(`lets boot go on when the answer is ${what}`, async () => {
      plane.serve(body);
      expect(await failureOfBoot()).to.contain(reason);
    });
  }

  it("lets boot go on when the connection is cut", async () => {
    plane.answer((request, response) => {
      response.writeHead(200, { "Content-Length": "100" }).write("{", () => request.socket.destroy());
    });
    expect(await failureOfBoot()).to.contain("does not answer:");
  });

  it("sends no token over the network unencrypted", async () => {
    env.MOLECULE_CP_URL = "http://cp.example";
    expect(await failureOfBoot()).to.contain('MOLECULE_CP_URL: found "http://cp.example"');
  });
});
