import { expect } from "chai";
import { NoneRuntime } from "../../dist/runtimes/none.js";
import { failureOf } from "./probe.js";

describe("NoneRuntime", () => {
  const runtime = new NoneRuntime("no engine answers");

  it("launches nothing, in the words that clients know", async () => {
    const error = await failureOf(runtime.launch());
    expect(error.code).to.equal("NO_CONTAINER_RUNTIME");
    expect(error.message).to.equal("no container runtime is available on this platform instance");
  });

  it("is never available, and says why", async () => {
    expect(await runtime.check()).to.deep.equal({ available: false, reason: "no engine answers" });
  });

  it("concludes nothing about workspaces", async () => {
    expect(await runtime.observe()).to.deep.equal({ state: "unknown", reason: "no engine answers" });
  });

  it("has nothing to stop, remove or show", async () => {
    await runtime.stop();
    await runtime.removeVolumes();
    expect(await runtime.logs()).to.equal(null);
    expect(await runtime.baseEnvironment({ name: "any" })).to.deep.equal({});
    expect(runtime.fileRoot()).to.equal("");
    await runtime.close();
  });
});
