import { expect } from "chai";
import { tryRun, type RunResult } from "./commands.js";
import { mochaArguments, REPOSITORY } from "./fixtures/mocha.js";

describe("leak-check and reporter", () => {
  let result: RunResult;
  before(async function () {
    this.timeout(180_000);
    const options = { cwd: REPOSITORY, timeoutMs: 180_000 };
    result = await tryRun(process.execPath, mochaArguments("leaking"), options);
  });

  it("fails a test that leaves a timer, naming the kind", () => {
    expect(result.stdout).to.match(/what leaks\s+leaks a timer:\s+.*the test left open: 1 × Timeout/);
  });

  it("fails a suite that leaves a server after its after hooks, naming suite and kind", () => {
    expect(result.stdout).to.include('the suite "a suite that leaks" left open: 1 × TCPServerWrap');
  });

  it("charges nobody else, counts each test once and ends with the exit code of the failures", () => {
    expect(result.stdout.split("\n")).to.include("5 passed, 2 failed, 1 skipped");
    expect(result.code).to.equal(2);
  });

  it("prints the reason of a skipped test", () => {
    expect(result.stdout).to.include(
      "skipped: what closes skips with a reason: because the fixture says so\n",
    );
  });
});
