import { once } from "node:events";
import { readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { skip } from "@molecule/test/support/skip.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { CappedLog, discardLog, readLogTail } from "../../../dist/runtimes/process/capped-log.js";

describe("CappedLog", () => {
  let path: string;
  let faults: unknown[];
  beforeEach(async () => {
    path = join(await tempDir(), "log");
    faults = [];
  });

  const openLog = () => new CappedLog({ path, capBytes: 10, onFault: (error) => faults.push(error) });
  async function write(...chunks: string[]): Promise<void> {
    const log = openLog();
    for (const chunk of chunks) log.write(chunk);
    log.end();
    await finished(log);
  }

  it("keeps at least as much as its cap and at most twice that", async () => {
    await write("12345678\n", "abcdefgh\n", "ABCDEFGH\n");
    expect(await readFile(path, "utf8")).to.equal("ABCDEFGH\n");
    expect(await readFile(`${path}.1`, "utf8")).to.equal("abcdefgh\n");
    expect(await readLogTail(path, 100)).to.equal("abcdefgh\nABCDEFGH\n");
  });

  it("begins each file with a line, so that no piece of one is left whose start is gone", async () => {
    await write("a secret is hun", "ter22 and\nnext", " one\n", "last\n");
    expect(await readFile(`${path}.1`, "utf8")).to.equal("next one\n");
    expect(await readLogTail(path, 100)).to.equal("next one\nlast\n");
  });

  it("does not wait for the end of a line for ever", async () => {
    await write(...Array.from({ length: 30 }, (_, index) => String(index % 10)));
    expect((await stat(path)).size).to.be.at.most(20);
    expect(await readLogTail(path, 1)).to.equal("0123456789".repeat(3));
  });

  it("puts a character together that lies in both files", async () => {
    const log = openLog();
    const bytes = Buffer.from("0123456789012345678ü");
    for (const at of bytes.keys()) log.write(bytes.subarray(at, at + 1));
    log.end();
    await finished(log);
    expect(await readLogTail(path, 1)).to.equal(bytes.toString());
  });

  it("goes on where an earlier one has stopped", async () => {
    await write("one\n");
    await write("two\n");
    await write("three\n");
    expect(await readLogTail(path, 100)).to.equal("one\ntwo\nthree\n");
    expect(await readFile(path, "utf8")).to.equal("three\n");
  });

  it("is for nobody else's eyes", async () => {
    await write("secret\n");
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
  });

  it("gives the last lines, an unfinished one included", async () => {
    await write("a\nb\n", "c\nd");
    expect(await readLogTail(path, 2)).to.equal("c\nd");
    expect(await readLogTail(path, 3)).to.equal("b\nc\nd");
    await discardLog(path);
    await write("a\nb\n");
    expect(await readLogTail(path, 1)).to.equal("b\n");
  });

  it("is null where nothing was written, and after it was discarded", async () => {
    expect(await readLogTail(path, 10)).to.equal(null);
    await write("12345678\n", "abcdefgh\n");
    await discardLog(path);
    expect(await readLogTail(path, 10)).to.equal(null);
  });

  it("leaves no file open when it is destroyed while it opens one", async function () {
    if (process.platform !== "linux") skip(this, "only Linux tells a process's open files in /proc");
    const log = openLog();
    log.write("a line\n");
    log.destroy();
    await once(log, "close");
    const files = await Promise.all(
      (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "closed")),
    );
    expect(files).not.to.include(path);
  });

  it("swallows what it can't write, and says so once", async () => {
    await writeFile(path, "a file");
    path = join(path, "no-folder");
    await write("one\n", "two\n");
    expect(faults).to.have.length(1);
    expect(String(faults[0])).to.contain("ENOTDIR");
  });
});
