import { expect } from "chai";
import { parse } from "yaml";
import { generatedConfig, mergeFiles, withModel } from "../../dist/workspaces/launch-files.js";

describe("generatedConfig", () => {
  it("writes names that YAML would misread so that they come back as they were", () => {
    for (const name of ["yes", "1e3", "a: b # c", "- x", "'\"", "@me", "null", "ünïcode 🤖", "~"]) {
      const file = generatedConfig({ name, role: name, tier: 3, runtime: "demo", model: null });
      const parsed: unknown = parse(String(file.content));
      expect(parsed).to.deep.equal({ name, description: name, version: "1.0.0", tier: 3, runtime: "demo" });
    }
  });
});

describe("withModel", () => {
  it("puts the model where the template has its own, and leaves all else as it was", () => {
    const text =
      "# ours\nname: a\nmodel: old # the default\nruntime_config:\n  model: old\n  required_env: [A]\n";
    expect(withModel(text, "m: 1 #x")).to.equal(
      '# ours\nname: a\nmodel: "m: 1 #x" # the default\nruntime_config:\n  model: "m: 1 #x"\n  required_env: [ A ]\n',
    );
    expect(withModel("runtime_config:\n  model: old\n", "m")).to.equal("runtime_config:\n  model: m\n");
    expect(withModel("name: a\n", "m")).to.equal("name: a\nmodel: m\n");
    expect(withModel("", "m")).to.equal("model: m\n");
  });

  it("leaves alone what is no YAML map", () => {
    for (const text of ["a: [", "- a\n", "just text"]) expect(withModel(text, "m")).to.equal(text);
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
