import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { codedFailureOf } from "../../support/failures.js";
import { benchPerTest, moduleSource } from "./isolated.js";

const OTHER = `sha512-${"A".repeat(86)}==`;

/** A plugin that leaves a file where it is imported. */
const source = (name: string, extra = "") => `import { writeFileSync } from "node:fs";
  writeFileSync(new URL("./ran.txt", import.meta.url), "");
  ${moduleSource(name, "", extra)}`;

const STAGE_ENV = 'stage: "env",';

describe("assertIntegrity", () => {
  const make = benchPerTest();

  it("refuses boot with every plugin that is on and differs, before any is loaded", async () => {
    const made = await make(
      {
        early: { source: source("early", STAGE_ENV), entry: { stage: "env", integrity: OTHER } },
        first: { source: source("first"), entry: { integrity: OTHER } },
        fine: { source: source("fine") },
        isolated: { source: source("isolated"), entry: { integrity: OTHER, isolation: "worker" } },
        off: { source: source("off"), entry: { integrity: OTHER, enabled: false } },
      },
      { boot: false },
    );
    const { code, message } = await codedFailureOf(() => made.kernel.boot("env"));
    expect(code).to.equal("MANIFEST_INTEGRITY_MISMATCH");
    expect(message).to.match(/the files of 3 plugins are not those/);
    for (const name of ["early", "first", "isolated"]) {
      expect(message).to.match(
        new RegExp(`- integrity of plugin "${name}": found sha512-.*, allowed: ${OTHER}`),
      );
    }
    expect(message).not.to.match(/"(off|fine)"/);
    expect(existsSync(join(made.manifest.dir, "ran.txt"))).to.equal(false);
  });

  it("looks again at stage main, when the environment is complete and toggles are known", async () => {
    const env: Record<string, string> = {};
    const made = await make(
      {
        waiting: { source: source("waiting"), entry: { integrity: OTHER, when: { env: "IT_IS_SET" } } },
        toggled: { source: source("toggled"), entry: { integrity: OTHER, enabled: false } },
      },
      { boot: false, env },
    );
    await made.kernel.boot("env");
    made.kernel.rememberToggles(new Map([["toggled", true]]));
    env.IT_IS_SET = "1";
    const { code, message } = await codedFailureOf(() => made.kernel.boot("storage"));
    expect(code).to.equal("MANIFEST_INTEGRITY_MISMATCH");
    expect(message).to.contain('"waiting"').and.contain('"toggled"');
  });

  it("leaves a package that can't be read to its loading, which fails that plugin alone", async () => {
    const made = await make({
      gone: { source: source("gone"), entry: { module: "./nowhere.mjs", integrity: OTHER } },
      fine: { source: moduleSource("fine", "") },
    });
    expect(made.states()).to.deep.equal(["gone failed", "fine enabled"]);
    expect(made.status("gone").error?.code).to.equal("PLUGIN_INTEGRITY_UNREADABLE");
  });
});
