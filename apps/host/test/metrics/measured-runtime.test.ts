import { expect } from "chai";
import { silentLogger, systemClock, type ContainerRuntime, type LaunchSpec } from "@molecule/core";
import { MeasuredRuntime } from "../../dist/metrics/measured-runtime.js";
import type { EngineRun } from "../../dist/metrics/workspace-metrics.js";
import { NoneRuntime } from "../../dist/runtimes/none.js";

const ID = "00000000-0000-4000-8000-000000000001";

describe("MeasuredRuntime", () => {
  it("does what its runtime does, and tells each call with its outcome", async () => {
    const runs: EngineRun[] = [];
    const none: ContainerRuntime = new NoneRuntime("this is a test");
    const measured = new MeasuredRuntime(none, systemClock, (run) => runs.push(run));
    const call = { signal: new AbortController().signal, log: silentLogger };
    expect([measured.kind, measured.platformHost, measured.fileRoot(ID)]).to.deep.equal([
      none.kind,
      none.platformHost,
      none.fileRoot(ID),
    ]);
    expect(await measured.check(call.signal)).to.deep.equal(await none.check(call.signal));
    expect(await measured.logs(ID, 1, call)).to.equal(null);
    await measured.stop(ID, call);
    await measured.removeVolumes(ID, call);
    expect(await measured.observe(ID, call)).to.deep.equal(await none.observe(ID, call));
    const template = { name: "demo" };
    expect(await measured.baseEnvironment(template, call)).to.deep.equal({});
    const spec: LaunchSpec = {
      workspaceId: ID,
      attempt: 1,
      name: "Hello",
      template,
      tier: 2,
      env: {},
      unsetEnv: [],
      files: [],
      resetSession: false,
    };
    const failure = await measured.launch(spec, call).catch((error: unknown) => error);
    expect(failure).to.have.property("code", "NO_CONTAINER_RUNTIME");
    await measured.close();
    expect(runs.map((run) => `${run.driver} ${run.call} ${run.outcome}`)).to.deep.equal([
      "none check failed",
      "none logs ok",
      "none stop ok",
      "none remove-volumes ok",
      "none observe failed",
      "none base-environment ok",
      "none launch failed",
    ]);
  });
});
