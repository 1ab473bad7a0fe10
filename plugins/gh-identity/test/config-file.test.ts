import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isCodedError } from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { expect } from "chai";
import { loadConfig } from "../dist/config-file.js";
import type { IdentityConfig } from "../dist/config.js";

describe("the configuration of gh-identity", () => {
  let dir: string;
  const log = new RecordingLogger();

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "gh-identity-config-"));
  });
  beforeEach(() => {
    log.lines.length = 0;
  });
  after(() => rm(dir, { recursive: true }));

  const load = (file: string | undefined, manifestConfig: IdentityConfig = {}) =>
    loadConfig({
      manifestConfig,
      env: { MOLECULE_GH_IDENTITY_CONFIG_FILE: file },
      manifestDir: dir,
      log,
      signal: new AbortController().signal,
    });

  const loadText = async (text: string | Uint8Array, manifestConfig: IdentityConfig = {}) => {
    await writeFile(join(dir, "owners.yaml"), text);
    return load("owners.yaml", manifestConfig);
  };

  /** The error of a load that must fail. */
  const failure = async (loading: Promise<unknown>): Promise<{ code: string; message: string }> => {
    try {
      await loading;
    } catch (error) {
      if (isCodedError(error)) return error;
      throw error;
    }
    return expect.fail("it was accepted");
  };

  it("is the manifest's when no file is named", async () => {
    const config = { roles: { dev: { owner: "alice" } } };
    for (const file of [undefined, "", "  "]) expect(await load(file, config)).to.deep.equal(config);
  });

  it("is the file's where the file says something, the manifest's elsewhere", async () => {
    const config = await loadText("roles:\n  dev: { owner: bob }\n", {
      roles: { qa: { owner: "alice" } },
      auditLog: "/workspace/gh.jsonl",
    });
    expect(config).to.deep.equal({ roles: { dev: { owner: "bob" } }, auditLog: "/workspace/gh.jsonl" });
  });

  it("may come from an absolute path, with a byte order mark, anchors and comments", async () => {
    await writeFile(
      join(dir, "a.yaml"),
      "\uFEFF# owners\r\nroles:\r\n  dev: &d { owner: bob }\r\n  qa: *d\r\n",
    );
    const config = await load(join(dir, "a.yaml"));
    expect(config).to.deep.equal({ roles: { dev: { owner: "bob" }, qa: { owner: "bob" } } });
  });

  it("is empty when the file is empty", async () => {
    expect(await loadText("# nothing yet\n")).to.deep.equal({});
  });

  it("has no roles, and a warning says so, when the file is not there", async () => {
    const config = await load("missing.yaml", { roles: { dev: { owner: "alice" } } });
    expect(config).to.deep.equal({ roles: {} });
    expect(log.lines).to.deep.equal([
      {
        level: "warn",
        message: "MOLECULE_GH_IDENTITY_CONFIG_FILE names a file that is not there; no role has an owner",
        fields: { path: join(dir, "missing.yaml") },
      },
    ]);
  });

  it("is refused when the file can't be read", async () => {
    await mkdir(join(dir, "folder"));
    const error = await failure(load("folder"));
    expect(error.code).to.equal("GH_IDENTITY_CONFIG_UNREADABLE");
    expect(error.message).to.contain(join(dir, "folder")).and.contain("EISDIR");
  });

  it("is refused when the file is not UTF-8", async () => {
    const error = await failure(loadText(new Uint8Array([0x72, 0xff, 0xfe])));
    expect(error.code).to.equal("GH_IDENTITY_CONFIG_UNREADABLE");
  });

  it("is refused with the place of every fault when the file is not YAML, without quoting it", async () => {
    const error = await failure(loadText("roles:\n  dev: { owner: s3cr3t\nx: [\n"));
    expect(error.code).to.equal("GH_IDENTITY_CONFIG_INVALID");
    expect(error.message).to.match(/line \d+, column \d+: found .+, allowed: valid YAML 1\.2/);
    expect(error.message).to.not.contain("s3cr3t");
  });

  for (const [title, text] of [
    ["a key twice", "roles: {}\nroles: {}\n"],
    ["two documents", "roles: {}\n---\nroles: {}\n"],
    ["an alias to nothing", "roles: *gone\n"],
    [
      "an alias that explodes",
      `a: &a [${"x,".repeat(99)}]\nb: &b [${"*a,".repeat(99)}]\nc: &c [${"*b,".repeat(99)}]\n`,
    ],
  ] as const) {
    it(`is refused when the file holds ${title}`, async () => {
      expect((await failure(loadText(text))).code).to.equal("GH_IDENTITY_CONFIG_INVALID");
    });
  }

  it("is refused with all its faults at once: path, found, allowed", async () => {
    const text = `
roles:
  dev: alice
  qa: {}
  ops: { owner: 5, team: x }
  web: { owner: "@bob" }
  pmm-lead: { owner: alice }
  PMM-Lead: { owner: bob }
  " ": { owner: bob }
auditLog: relative/path
rolls: {}
`;
    const error = await failure(loadText(text));
    expect(error.message).to.equal(
      `plugin "gh-identity": ${join(dir, "owners.yaml")} has 9 faults:
  - rolls: found an unknown key, allowed: one of roles, auditLog
  - roles.dev: found "alice", allowed: a value of type object
  - roles.qa.owner: found nothing, allowed: a value (required)
  - roles.ops.team: found an unknown key, allowed: one of owner
  - roles.ops.owner: found 5, allowed: a value of type string
  - roles.web.owner: found "@bob", allowed: a GitHub login: letters, digits, "-" and "_", without "@"
  - auditLog: found "relative/path", allowed: an absolute path inside the workspace
  - roles.PMM-Lead: found the role "pmm-lead" a second time, allowed: each role once; capitals and outer blanks make no difference
  - roles." ": found this name, allowed: a name that is not blank and holds no control character`,
    );
  });

  for (const [text, found] of [
    ["just text", '"just text"'],
    ["[1]", "[1]"],
    ["roles: [dev]", '["dev"]'],
    ["roles:", "null"],
  ] as const) {
    it(`is refused when it is ${JSON.stringify(text)}`, async () => {
      expect((await failure(loadText(text))).message).to.contain(
        `found ${found}, allowed: a value of type object`,
      );
    });
  }

  it("is refused when the manifest's names a role twice", async () => {
    const error = await failure(load(undefined, { roles: { dev: { owner: "a" }, "Dev ": { owner: "b" } } }));
    expect(error.message).to.equal(
      `plugin "gh-identity": its config in the manifest has 1 fault:
  - roles."Dev ": found the role "dev" a second time, allowed: each role once; capitals and outer blanks make no difference`,
    );
  });
});
