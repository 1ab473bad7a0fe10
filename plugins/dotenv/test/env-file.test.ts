import { spawnSync } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isCodedError } from "@molecule/core";
import { skip } from "@molecule/test/support/skip.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { locateEnvFile, readEnvFile } from "../dist/env-file.js";

const below = (dir: string, levels: number) => join(dir, ...Array.from({ length: levels }, () => "d"));

async function failureOf(path: string): Promise<string> {
  try {
    await readEnvFile(path);
  } catch (error) {
    if (isCodedError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "none";
}

describe("locateEnvFile", () => {
  it("looks beside the manifest, from there and from six folders below, and no deeper", async () => {
    const dir = await tempDir();
    await mkdir(below(dir, 7), { recursive: true });
    for (const levels of [0, 1, 6]) {
      expect(await locateEnvFile(below(dir, levels), dir)).to.equal(join(dir, ".env"));
    }
    expect(await locateEnvFile(below(dir, 7), dir)).to.equal(null);
  });

  it("passes over the .env of unrelated projects on the way, and above", async () => {
    const outer = await tempDir();
    const dir = join(outer, "platform");
    const nested = join(dir, "vendor", "other");
    await mkdir(nested, { recursive: true });
    for (const folder of [outer, nested]) {
      await writeFile(join(folder, ".env"), "A=other");
      await writeFile(join(folder, "manifest.json"), "{}");
    }
    expect(await locateEnvFile(nested, dir)).to.equal(join(dir, ".env"));
    expect(await locateEnvFile(outer, dir)).to.equal(null);
  });

  it("sees through links", async () => {
    const dir = await tempDir();
    const links = await tempDir();
    await mkdir(join(dir, "d"));
    await symlink(dir, join(links, "link"));
    expect(await locateEnvFile(join(links, "link", "d"), dir)).to.equal(join(dir, ".env"));
    expect(await locateEnvFile(join(dir, "d"), join(links, "link"))).to.equal(join(links, "link", ".env"));
  });
});

describe("readEnvFile", () => {
  it("answers null where there is none", async () => {
    expect(await readEnvFile(join(await tempDir(), ".env"))).to.equal(null);
  });

  it("refuses a folder and a named pipe, which it does not wait for", async () => {
    const dir = await tempDir();
    await mkdir(join(dir, "folder"));
    expect(spawnSync("mkfifo", [join(dir, "pipe")]).status).to.equal(0);
    for (const name of ["folder", "pipe"]) {
      expect(await failureOf(join(dir, name))).to.match(/^DOTENV_UNREADABLE: .*: it is no file; make it/);
    }
  });

  it("refuses one that the host's user may not read", async function () {
    const path = join(await tempDir(), ".env");
    await writeFile(path, "A=1");
    await chmod(path, 0);
    const { geteuid, seteuid } = process;
    if (geteuid === undefined || seteuid === undefined) return skip(this, "this system has no users");
    const isRoot = geteuid() === 0;
    // Root may read everything: the test becomes nobody meanwhile.
    if (isRoot) {
      await chmod(join(path, ".."), 0o755);
      seteuid(65_534);
    }
    try {
      expect(await failureOf(path)).to.match(/^DOTENV_UNREADABLE: .*EACCES: permission denied/);
    } finally {
      if (isRoot) seteuid(0);
    }
  });

  it("uses nothing of a huge file, and all of one that is just within", async () => {
    const path = join(await tempDir(), ".env");
    await writeFile(path, "A=1\n".repeat(262_144));
    expect((await readEnvFile(path))?.length).to.equal(1_048_576);
    await writeFile(path, "A=1\n".repeat(262_145));
    expect(await failureOf(path)).to.match(/^DOTENV_TOO_LARGE: .* is larger than 1048576 bytes/);
  });
});
