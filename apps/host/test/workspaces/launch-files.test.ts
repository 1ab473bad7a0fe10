import { expect } from "chai";
import { parse } from "yaml";
import { generatedConfig, mergeFiles } from "../../dist/workspaces/launch-files.js";

describe("generatedConfig", () => {
  it("writes names that YAML would misread so that they come back as they were", () => {
    for (const name of ["yes", "1e3", "a: b # c", "- x", "'\"", "@me", "null", "ünïcode 🤖", "~"]) {
      const file = generatedConfig({ name, role: name, tier: 3, runtime: "demo", model: null });
      const parsed: unknown = parse(String(file.content));
      expect(parsed).to.deep.equal({ name, description: name, version: "1.0.0", tier: 3, runtime: "demo" });
    }
  });
});

describe("mergeFiles", () => {
  it("keeps the last file of each path", () => {
    const file = (path: string, content: string) => ({ path, content, mode: 0o644 });
    const merged = mergeFiles([file("/a", "1"), file("/b", "1")], [file("/a", "2")]);
    expect(merged.map(({ path, content }) => [path, content])).to.deep.equal([
      ["/a", "2"],
      ["/b", "1"],
    ]);
  });
});
