import { createHash } from "node:crypto";
import { expect } from "chai";
import { tryRun } from "./commands.js";
import { mochaArguments, REPOSITORY } from "./fixtures/mocha.js";
import { startServer, type TestServer } from "./http-server.js";
import { SecretWatch } from "./secret-watch/secret-watch.js";
import { WatchedFetch } from "./secret-watch/watched-fetch.js";

const SECRET = 'planted "öfter"/+value~';
const FOUND = `the value (sha256 ${fingerprint(SECRET)}…, planted in`;

function fingerprint(value: string): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 8);
}

describe("secret-watch", () => {
  let watch: SecretWatch;
  let test: string;
  beforeEach(() => {
    test = "test one";
    watch = new SecretWatch(() => test);
  });
  afterEach(() => {
    watch.record.end();
  });

  /** What it says at the end: its line, or its fault. */
  function ended(): string {
    try {
      return watch.finish();
    } catch (thrown) {
      return String(thrown);
    }
  }

  it("names secret, form, source, test and place of a leak, and not the value", () => {
    watch.keep("log", "host 1", "nothing here");
    test = "test two";
    watch.keep("log", "host 2", "0123 hunter-2-hunter and hunter-2-hunter");
    test = "test three";
    watch.plant("hunter-2-hunter", "the password");
    const told = ended();
    expect(told).to.contain(
      `- the password (sha256 ${fingerprint("hunter-2-hunter")}…, planted in "test three"), as it is: ` +
        'host 2, in "test two", byte 5: ' +
        '"nothing here\\n0123 *************** and ***************\\n" (2 times)',
    );
    expect(told).to.not.contain("hunter-2");
  });

  for (const [form, text] of [
    ["as it is", SECRET],
    ["escaped as in JSON", JSON.stringify({ SECRET })],
    ["escaped as in JSON within JSON", JSON.stringify({ body: JSON.stringify({ SECRET }) })],
    ["URL-encoded", `?a=${encodeURIComponent(SECRET)}`],
    ["encoded as in a form", new URLSearchParams({ a: SECRET }).toString()],
    ["in base64", Buffer.from(SECRET).toString("base64")],
    ["in base64", Buffer.from(`user:${SECRET}`).toString("base64")],
    ["in base64", Buffer.from(`user2:${SECRET}\n`).toString("base64")],
    ["in base64url", Buffer.from(SECRET).toString("base64url")],
  ] as const) {
    it(`finds a value ${form}: ${text}`, () => {
      watch.plant(SECRET, "the value");
      watch.keep("answer", "GET /x", `before ${text} after`);
      const told = ended();
      expect(told).to.contain(FOUND).and.contain(`, ${form}: GET /x`);
      expect(told).to.not.contain(SECRET);
    });
  }

  it("finds a line of a private key", () => {
    watch.plant(
      "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\nw0BAQEFAASCBKcwgg==\n-----END PRIVATE KEY-----\n",
      "k",
    );
    watch.keep("log", "host", "    w0BAQEFAASCBKcwgg==\r\n");
    expect(ended()).to.contain("a line of it: host");
  });

  it("finds what a stream says in two pieces, with another's in between", () => {
    watch.plant(SECRET, "the value");
    const [one, other] = [watch.open("log", "host 1"), watch.open("log", "host 2")];
    one(Buffer.from(`{"msg":"${SECRET.slice(0, 9)}`));
    other("something else\n");
    one(Buffer.from(`${SECRET.slice(9)}"}\n`));
    expect(ended()).to.contain(FOUND).and.contain(', as it is: host 1, in "test one", byte 8');
  });

  it("finds what stands across the pieces in which a large file is read", () => {
    const needles = Array.from({ length: 2000 }, (_, index) => `needle number ${index} of them`);
    for (const [index, needle] of needles.entries()) watch.plant(needle, `needle ${index}`);
    const boundary = 4 * 1024 * 1024;
    for (const [index, at] of [0, boundary - 12, 2 * boundary - 1].entries()) {
      const say = watch.open("log", `host ${index}`);
      say(Buffer.alloc(at, "0123456789abcdef"));
      say(`${needles[1234] ?? ""} ${"x".repeat(20)}`);
    }
    const told = ended();
    for (const place of [0, boundary - 12, 2 * boundary - 1]) expect(told).to.contain(`byte ${place}:`);
    expect(told.match(/^- needle 1234 /gm)).to.have.length(3);
  });

  it("says how much was searched, and claims nothing where there was nothing", () => {
    expect(watch.finish()).to.equal(
      "secrets: 0 planted values looked for in no output of 0 hosts: nothing was searched",
    );
    watch.keep("log", "host", "something");
    expect(watch.finish()).to.contain("there was nothing to look for");
    watch.plant("short", "a short one");
    watch.plant("x".repeat(131_072), "a filling");
    watch.plant(SECRET, "the value");
    watch.keep("log", "host", "harmless ".repeat(100_000));
    expect(watch.finish()).to.equal(
      "secrets: 1 planted values (2 more are too short or too plain to look for) looked for in the output (log 901 kB) of 0 hosts: none found",
    );
  });

  describe("of a host's answers", () => {
    let server: TestServer;
    let fetched: WatchedFetch;
    beforeEach(async () => {
      server = await startServer((_request, response) => response.end());
      fetched = new WatchedFetch(watch, fetch);
      fetched.addHost(server.url);
    });
    afterEach(async () => {
      await server.stop();
    });

    /** One exchange that the watch sees, and what the caller gets of it. */
    async function exchange(path: string, answer: unknown, init: RequestInit = {}): Promise<string> {
      server.answer((_request, response) => response.end(JSON.stringify(answer)));
      const got = await (await fetched.fetch(`${server.url}${path}`, init)).text();
      await fetched.settle();
      return got;
    }

    it("knows a secret by the request that sets it, and finds it in a later answer", async () => {
      const body = JSON.stringify({ key: "A", value: SECRET });
      await exchange("/workspaces/7/secrets", { status: "saved" }, { method: "POST", body });
      expect(await exchange("/workspaces/7", { role: SECRET })).to.contain("planted");
      expect(ended()).to.contain(
        `a secret set by POST /workspaces/7/secrets (sha256 ${fingerprint(SECRET)}…, planted in "test one"), ` +
          "escaped as in JSON: 200 of GET /workspaces/7",
      );
    });

    it("knows the caller's token, also where it was refused", async () => {
      const headers = { Authorization: "Bearer the-callers-token" };
      await exchange("/workspaces", { error: "no the-callers-token here" }, { headers });
      expect(ended()).to.contain("a caller's token at GET /workspaces");
    });

    it("takes a new token for no leak where it is handed out, and for one everywhere else", async () => {
      const created = { auth_token: "a-new-token-1", connection: { curl: "curl a-new-token-1" } };
      expect(await exchange("/workspaces", created, { method: "POST" })).to.contain("curl a-new-token-1");
      expect(ended()).to.contain("1 planted values").and.contain("none found");
      await exchange("/workspaces", created, { method: "POST" });
      await exchange("/workspaces", [created]);
      expect(ended()).to.contain("what POST /workspaces handed out").and.contain("200 of GET /workspaces");
    });

    it("leaves alone what other servers answer", async () => {
      fetched = new WatchedFetch(watch, fetch);
      watch.plant(SECRET, "the value");
      await exchange("/workspaces", SECRET);
      expect(ended()).to.contain("nothing was searched");
    });
  });

  it("fails a run whose tests all pass", async function () {
    this.timeout(120_000);
    const options = { cwd: REPOSITORY, timeoutMs: 120_000 };
    const result = await tryRun(process.execPath, mochaArguments("leaking-secret"), options);
    expect(result.stdout).to.contain("2 passed, 0 failed, 0 skipped");
    expect(result.stderr).to.contain(
      `a password (sha256 ${fingerprint("the-late-secret")}…, planted in "a secret that comes out and is told of as one by a later test"), ` +
        'in base64: host 1, in "a secret that comes out is logged by one test", byte 23',
    );
    expect(result.stdout + result.stderr).to.not.contain("the-late-secret");
    expect(result.code).to.equal(1);
  });

  it("looks at the log, the answers and the database of every host", async function () {
    this.timeout(300_000);
    const options = { cwd: REPOSITORY, timeoutMs: 300_000 };
    const result = await tryRun(process.execPath, mochaArguments("leaking-host"), options);
    expect(result.code, result.stdout).to.equal(1);
    for (const source of ["output of host 1", "200 of GET /workspaces", "table file \\d+ of host 1"]) {
      expect(result.stderr).to.match(new RegExp(`as it is: ${source}, in `));
    }
    if (result.stdout.includes("1 skipped")) return;
    expect(result.stderr)
      .to.contain("as it is: output of host 2, in")
      .and.contain("as it is: table events of a database");
  });
});
