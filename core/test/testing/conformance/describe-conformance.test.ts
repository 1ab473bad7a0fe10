import { definePlugin, isCodedError } from "@molecule/core";
import { describeConformance, type ConformanceTestContext } from "@molecule/core/testing";
import { expect } from "chai";
import { greeting } from "./fixtures/greeting.js";

describe("describeConformance", () => {
  describe("in one line", () => {
    describeConformance(greeting, {
      orderIndependent: true,
      reads: ["GREETING_TOKEN"],
      writes: ["GREETING*"],
      module: new URL("./fixtures/greeting.js", import.meta.url),
    });
  });

  it("adds a suite with the plugin's name and a test for every rule", () => {
    const { suites, tests } = record(() => {
      describeConformance(greeting, {
        runner,
        orderIndependent: true,
        reads: [],
        module: import.meta.url,
      });
    });
    expect(suites).to.deep.equal(['plugin "greeting" conforms']);
    expect(tests.map(({ title, body }) => `${title}${body === undefined ? " (pending)" : ""}`)).to.deep.equal(
      [
        "loads, and is disabled, without a fault",
        "changes the environment without a fault",
        "gives the same edits when it runs twice",
        "gives the same environment in any order",
        "ends when its signal aborts",
        "leaves no timer, socket or listener behind",
        "reads and writes only the variables that it declares",
        "keeps secrets out of its errors, its log and its unmarked values",
        "gives the same result in a worker",
      ],
    );
  });

  it("shows as pending what the options do not ask for, with the reason", () => {
    const { tests } = record(() => describeConformance(greeting, { runner, worker: false }));
    expect(tests.filter(({ body }) => body === undefined).map(({ title }) => title)).to.deep.equal([
      "gives the same environment in any order (not checked: orderIndependent is not declared)",
      "reads and writes only the variables that it declares (not checked: reads and writes are not declared)",
      "gives the same result in a worker (not checked: it is declared as not made for a worker)",
    ]);
  });

  it("fails a test with the rule and every fault, and skips what another test tells already", async () => {
    const broken = definePlugin({
      name: "broken",
      api: 1,
      setup: () => {
        throw new Error("no vault");
      },
    });
    const { tests } = record(() => describeConformance(broken, { runner }));
    const skipped: string[] = [];
    const failed: unknown[] = [];
    for (const { title, body } of tests) {
      const context: ConformanceTestContext = { skip: () => skipped.push(title), timeout: () => undefined };
      await body?.call(context).catch((error: unknown) => failed.push(error));
    }
    expect(failed.filter(isCodedError).map(({ code, message }) => ({ code, message }))).to.deep.equal([
      {
        code: "CONFORMANCE_FAILED",
        message:
          'plugin "broken" breaks the rule "loads, and is disabled, without a fault":\n' +
          '  - plugin "broken": setup failed: no vault',
      },
    ]);
    expect(skipped).to.include("gives the same edits when it runs twice");
  });

  it("says what to do where no describe and it are there", () => {
    const { describe: globalDescribe } = globalThis;
    Reflect.deleteProperty(globalThis, "describe");
    try {
      expect(() => {
        describeConformance(greeting);
      }).to.throw("found no global describe and it, allowed: a mocha run");
    } finally {
      globalThis.describe = globalDescribe;
    }
  });
});

interface Recorded {
  readonly suites: string[];
  readonly tests: { title: string; body: ((this: ConformanceTestContext) => Promise<void>) | undefined }[];
}

let recorded: Recorded = { suites: [], tests: [] };

/** Takes down what a suite adds, instead of running it. */
const runner = {
  describe: (title: string, body: () => void) => {
    recorded.suites.push(title);
    body();
  },
  it: (title: string, body?: (this: ConformanceTestContext) => Promise<void>) => {
    recorded.tests.push({ title, body });
  },
};

function record(add: () => void): Recorded {
  recorded = { suites: [], tests: [] };
  add();
  return recorded;
}
