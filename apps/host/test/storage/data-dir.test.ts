import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { openDataDir, type DataDir } from "../../dist/storage/data-dir.js";
import { systemRandom } from "../../dist/storage/random.js";
import { failure } from "./failure.js";

const UUID = "0b9ec5c0-7a0f-4a8b-9d5e-1f2a3b4c5d6e";

describe("openDataDir", () => {
  const opened: DataDir[] = [];
  let root: string;
  let path: string;

  beforeEach(async () => {
    root = await tempDir();
    path = join(root, "nested", "data");
  });
  afterEach(async () => {
    for (const dataDir of opened.splice(0)) await dataDir.close();
  });

  async function open(log = silentLogger): Promise<DataDir> {
    const dataDir = await openDataDir(path, { log, clock: new ManualClock(), random: systemRandom });
    opened.push(dataDir);
    return dataDir;
  }

  it("creates the folder for its user alone", async () => {
    await open();
    expect((await stat(path)).mode & 0o777).to.equal(0o700);
  });

  it("refuses a folder that is held, and names the holder", async () => {
    await open();
    expect(await failure(open())).to.deep.equal({
      code: "DATA_DIR_LOCKED",
      message: `the data folder ${path} is in use by another host: process ${process.pid} on ${hostname()}, since 2026-01-01T00:00:00.000Z; stop that one, or set MOLECULE_DATA_DIR to another folder`,
    });
  });

  it("refuses a folder whose holder has not written down who it is", async () => {
    await open();
    await writeFile(join(path, "lock"), "");
    expect((await failure(open())).message).to.equal(
      `the data folder ${path} is in use by another host that has not yet written down who it is; stop that one, or set MOLECULE_DATA_DIR to another folder`,
    );
  });

  it("takes a folder whose holder was killed, although its lock file is still there", async () => {
    const module = new URL("../../dist/storage/data-dir.js", import.meta.url).href;
    const script = `
      const { openDataDir } = await import(${JSON.stringify(module)});
      const log = { warn() {} };
      const random = { uuid: () => ${JSON.stringify(UUID)} };
      await openDataDir(process.argv[1], { log, clock: { now: () => 0 }, random });
      console.log("held");
      setInterval(() => {}, 60_000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(child.stdout, "data");
      const refused = await failure(open());
      expect(refused.code).to.equal("DATA_DIR_LOCKED");
      expect(refused.message).to.contain(`process ${String(child.pid)} on`);
    } finally {
      const gone = once(child, "close");
      child.kill("SIGKILL");
      await gone;
    }
    expect(await readFile(join(path, "lock"), "utf8")).to.contain(`"pid":${String(child.pid)},`);
    expect((await open()).hostId).to.equal(UUID);
  });

  it("gives the folder back on close, also when closed twice", async () => {
    const first = await open();
    await first.close();
    await first.close();
    const second = await open();
    expect(second.hostId).to.equal(first.hostId);
  });

  it("says what is wrong with a path that can't be a folder", async () => {
    await writeFile(join(root, "nested"), "");
    const refused = await failure(open());
    expect(refused.code).to.equal("DATA_DIR_UNUSABLE");
    expect(refused.message)
      .to.match(/^can't use the data folder .*nested\/data: ENOTDIR/)
      .and.contain("set MOLECULE_DATA_DIR to a folder on a local disk that this user may create and write");
  });

  it("warns of a folder that other users may look into", async () => {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o755);
    const log = new RecordingLogger();
    await open(log);
    expect(log.lines).to.deep.equal([
      {
        level: "warn",
        message: "the data folder is open to other users of this machine; run chmod 700 on it",
        fields: { path, mode: "755" },
      },
    ]);
  });

  it("refuses a host id that is no UUID, and leaves the folder free", async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "host-id"), "me");
    expect(await failure(open())).to.deep.equal({
      code: "DATA_DIR_FILE_INVALID",
      message: `${join(path, "host-id")}: found 2 characters that are no UUID, allowed: one UUID in lower case; put that in, or delete the file to have a new one made`,
    });
    await writeFile(join(path, "host-id"), `${UUID}\n`);
    expect((await open()).hostId).to.equal(UUID);
  });

  it("makes the admin token once, of 32 random bytes, readable for its user alone", async () => {
    const dataDir = await open();
    const made = dataDir.readOrCreateAdminToken();
    expect(made.token).to.match(/^[A-Za-z0-9_-]{43}$/);
    expect(made.path).to.equal(join(path, "admin-token"));
    expect(made.created).to.equal(true);
    expect((await stat(made.path)).mode & 0o777).to.equal(0o600);
    expect(dataDir.readOrCreateAdminToken()).to.deep.equal({ ...made, created: false });
  });

  it("makes the admin token anew over the draft that a crash left", async () => {
    const dataDir = await open();
    await writeFile(join(path, "admin-token.new"), "half of");
    expect(dataDir.readOrCreateAdminToken().created).to.equal(true);
  });

  it("takes an operator's own admin token and hides its file from other users", async () => {
    const dataDir = await open();
    const file = join(path, "admin-token");
    await writeFile(file, `${"operators-own-".repeat(3)}\n`, { mode: 0o644 });
    expect(dataDir.readOrCreateAdminToken()).to.deep.equal({
      token: "operators-own-".repeat(3),
      path: file,
      created: false,
    });
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it("refuses an admin token that is too short to be one, without showing it", async () => {
    const dataDir = await open();
    await writeFile(join(path, "admin-token"), "hunter2");
    expect(() => dataDir.readOrCreateAdminToken()).to.throw(
      `${join(path, "admin-token")}: found 7 characters, allowed: one line of 32 to 512 printable ASCII characters without spaces; put that in, or delete the file to have a new one made`,
    );
  });
});
