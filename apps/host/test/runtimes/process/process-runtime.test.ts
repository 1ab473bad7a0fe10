import { silentLogger, systemClock } from "@molecule/core";
import { tempDir } from "@molecule/test/support/temp.js";
import { ProcessRuntime } from "../../../dist/runtimes/process/process-runtime.js";
import { itRunsWorkspaces } from "../contract.js";
import { PROBE_COMMAND } from "../probe.js";

describe("process runtime", () => {
  let runtime: ProcessRuntime;
  const template = { name: "probe", command: PROBE_COMMAND };
  before(async () => {
    runtime = new ProcessRuntime({
      dataDir: await tempDir(),
      hostId: "this-host",
      manifestDir: "/nowhere",
      hostEnv: { PATH: process.env.PATH, SECRET_OF_THE_HOST: "do not tell" },
      clock: systemClock,
      log: silentLogger,
    });
  });
  after(() => runtime.close());

  itRunsWorkspaces(() => ({ runtime, template }));
});
