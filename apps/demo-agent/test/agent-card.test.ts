import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { tempDir } from "@molecule/test/support/temp.js";
import { readAgentCard } from "../dist/agent-card.js";

describe("readAgentCard", () => {
  it("says what config.yaml says", async () => {
    const dir = await tempDir();
    await writeFile(
      join(dir, "config.yaml"),
      'name: "Hello: you"\ndescription: Greets\nversion: 2.0.1\nruntime: demo\n',
    );
    expect(await readAgentCard(dir)).to.deep.equal({
      name: "Hello: you",
      description: "Greets",
      version: "2.0.1",
      skills: [],
    });
  });

  it("falls back where a text is empty or the file is not there", async () => {
    const dir = await tempDir();
    const defaults = await readAgentCard(dir);
    expect(defaults).to.deep.include({ name: "Demo agent", version: "1.0.0" });
    await writeFile(join(dir, "config.yaml"), 'name: Hello\ndescription: ""\n');
    expect(await readAgentCard(dir)).to.deep.equal({ ...defaults, name: "Hello" });
  });
});
