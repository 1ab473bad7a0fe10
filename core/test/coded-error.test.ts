import { expect } from "chai";
import { CodedError, defineErrors, formatFaults, isCodedError, messageOf } from "@molecule/core";
import { showValue } from "../dist/src/coded-error.js";

describe("defineErrors", () => {
  const errors = defineErrors({
    PORT_TAKEN: (d: { port: number }) => `port ${d.port} is taken; set PORT to another one`,
  });

  it("makes an error with the code, the text, the facts and the cause", () => {
    const cause = new Error("EADDRINUSE");
    const error = errors.PORT_TAKEN({ port: 8080 }, { cause });
    expect(error).to.be.instanceOf(Error);
    expect(error.code).to.equal("PORT_TAKEN");
    expect(error.message).to.equal("port 8080 is taken; set PORT to another one");
    expect(error.details).to.deep.equal({ port: 8080 });
    expect(error.cause).to.equal(cause);
    expect(error.stack).to.include("coded-error.test");
  });
});

describe("isCodedError", () => {
  it("recognises an error of another copy of the package by its tag", () => {
    const foreign = Object.assign(new Error("x"), { $$type: "@molecule/coded-error", code: "SOME_CODE" });
    expect(isCodedError(foreign)).to.be.true;
    expect(isCodedError(new CodedError("A", "b"))).to.be.true;
  });

  it("takes nothing else for one: a plain error with a code, a tagged object that is no error, no value", () => {
    expect(isCodedError(Object.assign(new Error("x"), { code: "ENOENT" }))).to.be.false;
    expect(isCodedError({ $$type: "@molecule/coded-error", code: "A", message: "b" })).to.be.false;
    expect(isCodedError(Object.assign(new Error("x"), { $$type: "@molecule/coded-error", code: 5 }))).to.be
      .false;
    expect(isCodedError(undefined)).to.be.false;
    expect(isCodedError(null)).to.be.false;
  });
});

describe("formatFaults", () => {
  it("gives one line each and names the root", () => {
    const text = formatFaults([
      { path: "", found: "5", allowed: "an object" },
      { path: "plugins[0].name", found: '"A"', allowed: "lower case" },
    ]);
    expect(text).to.equal(
      '  - (root): found 5, allowed: an object\n  - plugins[0].name: found "A", allowed: lower case',
    );
  });
});

describe("showValue", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const cases: readonly [string, unknown, string][] = [
    ["nothing", undefined, "nothing"],
    ["null", null, "null"],
    ["a text", 'a "b"', String.raw`"a \"b\""`],
    ["a list", [1, "a"], '[1,"a"]'],
    ["a function", () => 1, "a function"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["a bigint", 5n, "5"],
    ["a value with a cycle", cycle, "a value of type object that is not JSON"],
    ["a bigint inside", { a: 5n }, "a value of type object that is not JSON"],
    ["a toJSON that answers nothing", { toJSON: () => undefined }, "a value of type object that is not JSON"],
  ];
  for (const [what, value, text] of cases) {
    it(`shows ${what}`, () => {
      expect(showValue(value)).to.equal(text);
    });
  }

  it("cuts a long value to 80 characters", () => {
    expect(showValue("x".repeat(200))).to.equal(`"${"x".repeat(76)}...`);
    expect(showValue("x".repeat(78))).to.equal(`"${"x".repeat(78)}"`);
  });
});

describe("messageOf", () => {
  it("gives an error's message and any other thrown value as text", () => {
    expect(messageOf(new Error("broken"))).to.equal("broken");
    expect(messageOf("broken")).to.equal("broken");
    expect(messageOf(undefined)).to.equal("undefined");
    expect(messageOf(Symbol("s"))).to.equal("Symbol(s)");
  });

  it("does not throw itself over an object without a prototype or with a broken toString", () => {
    const broken = {
      toString: () => {
        throw new Error("no");
      },
    };
    expect(messageOf(Object.create(null))).to.equal("something without a text was thrown");
    expect(messageOf(broken)).to.equal("something without a text was thrown");
  });
});
