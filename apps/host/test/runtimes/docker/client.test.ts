import { expect } from "chai";
import { patientCall, probeSpec, UNTIL_STOPPED } from "../probe.js";
import { EngineProxy } from "@molecule/test/support/engine-faults.js";
import { DockerWorld } from "./world.js";

describe("EngineClient", () => {
  let world: DockerWorld;
  let proxy: EngineProxy;
  before(async function () {
    world = await DockerWorld.open(this);
    proxy = await EngineProxy.start(this, world.engine);
  });
  after(async () => {
    await world.cleanUp();
    await proxy.close();
  });

  const engineSays = (version: object): void => {
    proxy.fault = ({ path }) => {
      if (path === "/version") return { kind: "answer", status: 200, body: JSON.stringify(version) };
      return { kind: "answer", status: 200, body: "OK" };
    };
  };

  it("speaks the engine's API version where that is older than its own", async () => {
    const { ApiVersion, Version } = await world.docker.version();
    const health = await world.runtime.check(patientCall().signal);
    const spoken = Number(ApiVersion.split(".")[1]) > 44 ? "1.44" : ApiVersion;
    expect(health).to.include({ detail: `engine ${Version} at ${world.engine.url}, API ${spoken}` });
  });

  it("speaks its own API version where the engine's is newer", async () => {
    engineSays({ Version: "29.0.0", ApiVersion: "1.52", MinAPIVersion: "1.44" });
    const runtime = world.installation({ dockerHost: proxy.url });
    expect(await runtime.check(patientCall().signal)).to.include({
      detail: `engine 29.0.0 at ${proxy.url}, API 1.44`,
    });
    expect(proxy.seen.at(-1)?.url).to.equal("/v1.44/_ping");
  });

  it("refuses an engine that is too new, and says which would do", async () => {
    engineSays({ Version: "40.0.0", ApiVersion: "2.1", MinAPIVersion: "2.0" });
    const runtime = world.installation({ dockerHost: proxy.url });
    expect(await runtime.check(patientCall().signal)).to.deep.equal({
      available: false,
      reason:
        "the Docker engine's oldest API version is 2.0, allowed: 1.44 or older; update this platform, or use an older engine",
    });
  });

  it("reaches an engine on a port, with an environment about the process that says otherwise", async function () {
    const onPort = await EngineProxy.start(this, world.engine);
    const url = `tcp://127.0.0.1:${await onPort.openPort()}`;
    const before = process.env.DOCKER_HOST;
    process.env.DOCKER_HOST = "tcp://127.0.0.1:1";
    try {
      const overPort = world.installation({ dockerHost: url });
      const overSocket = world.installation({ dockerHost: world.engine.url });
      for (const runtime of [overPort, overSocket]) {
        expect(await runtime.check(patientCall().signal)).to.include({ available: true });
      }
      expect(
        (await overPort.launch(probeSpec(overPort, world.template, UNTIL_STOPPED), patientCall())).url,
      ).to.match(/^http/);
    } finally {
      await onPort.close();
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
    }
  });

  it("asks for the version once, and again after the engine was away", async function () {
    const restarting = await EngineProxy.start(this, world.engine);
    const runtime = world.installation({ dockerHost: restarting.url });
    const check = () => runtime.check(patientCall().signal);
    await Promise.all([check(), check()]);
    await check();
    expect(restarting.count("GET", /^\/version$/)).to.equal(1);
    await restarting.close();
    expect(await check()).to.include({ available: false });
    await restarting.open();
    expect(await check()).to.include({ available: true });
    expect(restarting.count("GET", /^\/version$/)).to.equal(2);
    await restarting.close();
  });
});
