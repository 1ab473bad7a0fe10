import { expect } from "chai";
import { topLevelScalars } from "../dist/yaml-scalars.js";

const read = (yaml: string) => Object.fromEntries(topLevelScalars(yaml));

describe("topLevelScalars", () => {
  it("reads plain and quoted values in one line", () => {
    const yaml = [
      "---",
      "name: Hello world",
      'description: "says \\"hi\\": \\u00e9"',
      "version: 'it''s 1'",
      "tier: 3",
    ];
    expect(read(yaml.join("\r\n"))).to.deep.equal({
      name: "Hello world",
      description: 'says "hi": é',
      version: "it's 1",
      tier: "3",
    });
  });

  it("drops comments and keeps a hash inside a word or quotes", () => {
    expect(read('a: one # two\nb: c#4\nc: "x # y" # z\n# d: e')).to.deep.equal({
      a: "one",
      b: "c#4",
      c: "x # y",
    });
  });

  it("leaves out what is nested, and reads no key of it", () => {
    expect(read("runtime_config:\n  name: inner\nlist:\n- name: x\nname: outer")).to.deep.equal({
      name: "outer",
    });
  });

  it("leaves out a value that goes on in a further line", () => {
    expect(read("name: first\n\n  second\nversion: 2")).to.deep.equal({ version: "2" });
  });

  for (const value of [
    "|",
    ">-",
    "[a, b]",
    "{a: b}",
    "&anchor x",
    "*alias",
    "!!str x",
    "a: b",
    "- x",
    "~",
    "null",
    '"\\x41"',
    '"open',
    "",
  ]) {
    it(`leaves out ${JSON.stringify(value)}, which it could misread`, () => {
      expect(read(`name: ${value}\nversion: 1`)).to.deep.equal({ version: "1" });
    });
  }
});
