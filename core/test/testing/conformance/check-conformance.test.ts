import { readdir } from "node:fs/promises";
import { definePlugin } from "@molecule/core";
import { checkConformance, type ConformanceOptions } from "@molecule/core/testing";
import { expect } from "chai";
import { Folder } from "../../support/plugins.js";
import { greeting } from "./fixtures/greeting.js";
import { failuresOf, pluginOf, reasonsOf } from "./results.js";

const MODULE = new URL("./fixtures/greeting.js", import.meta.url);

/** Everything that the suite can check, as the good plugin declares it. */
const ALL: ConformanceOptions = {
  config: { text: "good day" },
  workspaceEnv: { PATH: "/bin", GREETING_TOKEN: "tok-1234567890" },
  secrets: ["GREETING_TOKEN"],
  reads: ["GREETING_TOKEN"],
  writes: ["GREETING*"],
  orderIndependent: true,
  module: MODULE,
};

describe("checkConformance", function () {
  this.timeout(60_000);

  it("passes a plugin that keeps every rule, and leaves no folder behind", async () => {
    const folder = await Folder.make();
    const restore = leadTemporaryFilesTo(folder.path);
    try {
      const results = await checkConformance(greeting, ALL);
      expect(results.map(({ kind }) => kind)).to.deep.equal(Array(9).fill("passed"), JSON.stringify(results));
      expect(await readdir(folder.path)).to.deep.equal([]);
    } finally {
      restore();
      await folder.remove();
    }
  });

  it("does not check what the options do not ask for, and says what to give", async () => {
    const results = await checkConformance(greeting);
    expect(reasonsOf(results)).to.deep.equal([
      "gives the same environment in any order: orderIndependent is not declared",
      "reads and writes only the variables that it declares: reads and writes are not declared",
      "gives the same result in a worker: give the URL of its built module as options.module",
    ]);
    expect(failuresOf(results)).to.deep.equal([]);
  });

  it("says of a plugin without mutators only whether it loads and what it leaves behind", async () => {
    const idle = definePlugin({ name: "idle", api: 1, setup: () => undefined });
    const results = await checkConformance(idle);
    expect(results.filter(({ kind }) => kind === "passed").map(({ check }) => check)).to.deep.equal([
      "loads, and is disabled, without a fault",
      "keeps secrets out of its errors, its log and its unmarked values",
    ]);
  });

  it("checks a plugin of stage env in its stage", async () => {
    const early = definePlugin({
      name: "early",
      api: 1,
      stage: "env",
      setup(ctx) {
        ctx.bootTasks.add({ name: "early", stage: "env", run: ({ env }) => void (env.EARLY = "1") });
      },
    });
    expect(failuresOf(await checkConformance(early))).to.deep.equal([]);
  });

  it("leaves a plugin with loops out of the check in a worker", async () => {
    const looping = pluginOf({ name: "greeting", mutate: (env) => env.set("A", "1") }, (ctx) => {
      ctx.loops.add({ name: "look", intervalMs: 1_000, timeoutMs: 1_000, tick: () => Promise.resolve() });
    });
    const results = await checkConformance(looping, { module: MODULE });
    expect(reasonsOf(results)).to.include(
      "gives the same result in a worker: it adds boot tasks or loops, and a worker runs env mutators alone",
    );
  });
});

/** Lets nobody but this test make temporary files in a folder: other processes check plugins at the same time. */
function leadTemporaryFilesTo(path: string): () => void {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = path;
  return () => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  };
}
