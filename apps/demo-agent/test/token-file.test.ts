import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { tempDir } from "@molecule/test/support/temp.js";
import { TokenFile } from "../dist/token-file.js";

describe("TokenFile", () => {
  let dir = "";
  let path = "";
  let said: string[] = [];
  const open = () => new TokenFile(path, (line) => said.push(line));

  beforeEach(async () => {
    dir = await tempDir();
    path = join(dir, ".auth_token");
    said = [];
  });

  it("reads the token without the white space around it", async () => {
    await writeFile(path, "abc-DEF_123\n");
    const file = open();
    expect(file.token).to.be.null;
    await file.reload();
    expect(file.token).to.equal("abc-DEF_123");
    expect(said).to.deep.equal([]);
  });

  it("goes on without a token where there is no file, and tells it once", async () => {
    const file = open();
    await file.reload();
    await file.reload();
    expect(file.token).to.be.null;
    expect(said).to.deep.equal([`${path} can't be read (ENOENT); going on without a token`]);
  });

  it("keeps the token held when the file goes away or holds something else, and never repeats what it holds", async () => {
    await writeFile(path, "good");
    const file = open();
    await file.reload();
    await writeFile(path, "two words\nand lines");
    await file.reload();
    expect(file.token).to.equal("good");
    expect(said).to.deep.equal([`${path} holds no bearer token; put the workspace's token there`]);
  });

  it("saves a token for its owner only, also over a file that others could read or a draft of a crash", async () => {
    await writeFile(path, "old", { mode: 0o644 });
    await writeFile(`${path}.new`, "half", { mode: 0o644 });
    const file = open();
    await file.save("new");
    expect(file.token).to.equal("new");
    expect(await readFile(path, "utf8")).to.equal("new");
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(dir)).to.deep.equal([".auth_token"]);
  });

  it("keeps a token in memory where the file can't be written, and says so without it", async () => {
    await mkdir(path);
    const file = open();
    await file.save("precious");
    expect(file.token).to.equal("precious");
    expect(said).to.have.length(1);
    expect(said.join("\n"))
      .to.match(/can't be written \(\w+\)/)
      .and.not.contain("precious");
  });

  it("does not keep a token that could not be sent", async () => {
    const file = open();
    await file.save("a\nb");
    expect(file.token).to.be.null;
    expect(await readdir(dir)).to.deep.equal([]);
  });
});
