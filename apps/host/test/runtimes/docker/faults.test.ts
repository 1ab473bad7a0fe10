import { silentLogger } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import type { DockerRuntime } from "../../../dist/runtimes/docker/docker-runtime.js";
import { failureOf, launchReady, patientCall, probeSpec, UNTIL_STOPPED } from "../probe.js";
import { closedGate, EngineProxy, listWithout, type Fault } from "@molecule/test/support/engine-faults.js";
import { skip } from "@molecule/test/support/skip.js";
import { DockerWorld } from "./world.js";

describe("docker runtime: an engine that fails", () => {
  let world: DockerWorld;
  let proxy: EngineProxy;
  let runtime: DockerRuntime;
  before(async function () {
    world = await DockerWorld.open(this);
    proxy = await EngineProxy.start(this, world.engine);
    runtime = world.installation({ dockerHost: proxy.url });
    await runtime.baseEnvironment(world.template, patientCall());
  });
  afterEach(async () => {
    proxy.fault = () => undefined;
    proxy.seen.length = 0;
    await world.removeRemains();
  });
  after(async () => {
    await world.cleanUp();
    await proxy.close();
  });

  const spec = (changes: Parameters<typeof probeSpec>[3] = {}) =>
    probeSpec(runtime, world.template, UNTIL_STOPPED, changes);
  const failing = (method: string, path: RegExp, fault: Fault): void => {
    proxy.fault = (seen) => (seen.method === method && path.test(seen.path) ? fault : undefined);
  };
  const LIST = /^\/containers\/json$/;

  it("takes no empty list for the absence of a workspace that is there", async () => {
    const made = spec();
    const { handle } = await launchReady(runtime, made);
    failing("GET", LIST, { kind: "answer", status: 200, body: "[]" });
    expect(await runtime.observe(made.workspaceId, patientCall())).to.include({ state: "present", handle });
    await runtime.stop(made.workspaceId, patientCall());
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
  });

  it("takes no list that holds only what was set aside for the absence of the current container", async () => {
    const made = spec();
    const first = await launchReady(runtime, made);
    await runtime.replacement.stopKeeping(made.workspaceId, 1, patientCall());
    const second = await launchReady(runtime, { ...made, attempt: 2, keepAttempt: 1 });
    failing("GET", LIST, listWithout([second.handle]));
    expect(await runtime.observe(made.workspaceId, patientCall())).to.include({
      attempt: 2,
      running: true,
      handle: second.handle,
    });
    await runtime.stop(made.workspaceId, { ...patientCall(), upToAttempt: 1 });
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([second.handle]);
    expect(first.handle).not.to.equal(second.handle);
    await runtime.stop(made.workspaceId, patientCall());
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
  });

  it("finds what was set aside, and takes it back, though the list leaves it out", async () => {
    const made = spec();
    const { workspaceId } = made;
    const first = await launchReady(runtime, made);
    await runtime.replacement.stopKeeping(workspaceId, 1, patientCall());
    const second = await launchReady(runtime, { ...made, attempt: 2, keepAttempt: 1 });
    await runtime.replacement.stopKeeping(workspaceId, 2, patientCall());
    failing("GET", LIST, listWithout([first.handle]));
    const kept = await runtime.replacement.observeAttempt(workspaceId, 1, patientCall());
    expect(kept).to.include({ state: "present", handle: first.handle, running: false });
    const back = await runtime.replacement.startKept(workspaceId, 1, [], patientCall());
    expect(back.handle).to.equal(first.handle);
    failing("GET", LIST, listWithout([second.handle]));
    await runtime.replacement.removeAttempt(workspaceId, 2, patientCall());
    expect(await world.containersOf(workspaceId)).to.deep.equal([first.handle]);
  });

  it("ignores containers that a list holds against the filter", async () => {
    const made = spec();
    await launchReady(runtime, made);
    const others = await world.docker.listContainers({ all: true });
    failing("GET", LIST, { kind: "answer", status: 200, body: JSON.stringify(others) });
    const other = spec();
    expect(await runtime.observe(other.workspaceId, patientCall())).to.deep.equal({ state: "absent" });
    await runtime.stop(other.workspaceId, patientCall());
    expect(await world.containersOf(made.workspaceId)).to.have.length(1);
  });

  for (const [what, fault] of [
    ["refuses", { kind: "answer", status: 500, body: '{"message":"it is on fire"}' }],
    ["cuts off", { kind: "cut" }],
  ] as const) {
    it(`knows nothing of a workspace while the engine ${what} the list, and removes nothing`, async () => {
      const made = spec();
      await launchReady(runtime, made);
      failing("GET", LIST, fault);
      const call = { signal: AbortSignal.timeout(500), log: silentLogger };
      const presence = await runtime.observe(made.workspaceId, call);
      expect(presence.state).to.equal("unknown");
      const error = await failureOf(
        runtime.stop(made.workspaceId, { ...call, signal: AbortSignal.timeout(500) }),
      );
      expect(error.message).not.to.equal("");
      expect(await world.containersOf(made.workspaceId)).to.have.length(1);
    });
  }

  it("says in the engine's words what it has refused", async () => {
    failing("GET", LIST, { kind: "answer", status: 500, body: '{"message":"it is on fire"}' });
    expect(await runtime.observe(spec().workspaceId, patientCall())).to.deep.equal({
      state: "unknown",
      reason: "the Docker engine refused to list containers (HTTP 500): it is on fire",
    });
  });

  it("gives a call up when its caller does, while the engine hangs", async () => {
    failing("GET", LIST, { kind: "hang" });
    const caller = new AbortController();
    const stopping = failureOf(runtime.stop(spec().workspaceId, { ...patientCall(), signal: caller.signal }));
    await eventually(() => proxy.count("GET", LIST) === 1);
    caller.abort(new Error("enough"));
    expect((await stopping).message).to.equal("enough");
  });

  it("gives a call up by itself that the engine never answers", async () => {
    const clock = new ManualClock();
    const impatient = world.installation({ dockerHost: proxy.url, clock });
    failing("GET", LIST, { kind: "hang" });
    const observing = impatient.observe(spec().workspaceId, patientCall());
    await eventually(() => proxy.count("GET", LIST) === 1);
    await clock.advance(120_000);
    expect(await observing).to.deep.equal({
      state: "unknown",
      reason: `the Docker engine at ${proxy.url} did not list containers within 120000 ms; check its load and its log`,
    });
    expect(clock.pendingTimers).to.equal(0);
  });

  it("removes the container whose creation was answered after the launch was given up", async () => {
    const made = spec();
    const gate = closedGate();
    failing("POST", /^\/containers\/create$/, { kind: "hold", until: gate.opened });
    const caller = new AbortController();
    const launching = failureOf(runtime.launch(made, { ...patientCall(), signal: caller.signal }));
    await eventually(async () => (await world.containersOf(made.workspaceId)).length === 1);
    caller.abort(new Error("given up"));
    gate.open();
    expect((await launching).message).to.equal("given up");
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
    expect(await world.volumesOf(made.workspaceId)).to.have.length(2);
  });

  it("looks for a container whose creation was never answered", async () => {
    const made = spec();
    const create = /^\/containers\/create$/;
    const gate = closedGate();
    failing("POST", create, { kind: "hold", until: gate.opened });
    const launching = failureOf(runtime.launch(made, patientCall()));
    await eventually(async () => (await world.containersOf(made.workspaceId)).length === 1);
    proxy.dropConnections();
    const error = await launching;
    expect(error.code).to.equal("ENGINE_UNREACHABLE");
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
    gate.open();
  });

  it("stops waiting for the answer to a creation after ten seconds, and says so", async () => {
    const clock = new ManualClock();
    const impatient = world.installation({ dockerHost: proxy.url, clock });
    const create = /^\/containers\/create$/;
    failing("POST", create, { kind: "hang" });
    const caller = new AbortController();
    const log = new RecordingLogger();
    const launching = failureOf(impatient.launch(spec(), { signal: caller.signal, log }));
    await eventually(() => proxy.count("POST", create) === 1);
    caller.abort(new Error("given up"));
    await clock.advance(10_000);
    expect((await launching).message).to.equal("given up");
    expect(log.lines.map(({ message }) => message)).to.include(
      "the container of a failed launch could not be taken back: it took longer than 10000 ms",
    );
    expect(clock.pendingTimers).to.equal(0);
  });

  for (const [step, method, path] of [
    ["its files are put in", "PUT", /\/archive$/],
    ["it is started", "POST", /\/start$/],
  ] as const) {
    it(`leaves no container of a launch that is given up while ${step}`, async () => {
      const made = spec();
      const gate = closedGate();
      failing(method, path, { kind: "hold", until: gate.opened });
      const caller = new AbortController();
      const launching = failureOf(runtime.launch(made, { ...patientCall(), signal: caller.signal }));
      await eventually(() => proxy.count(method, path) === 1);
      caller.abort(new Error("given up"));
      expect((await launching).message).to.equal("given up");
      expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
      gate.open();
    });
  }

  it("waits for a container to go that somebody else is removing", async () => {
    const made = spec();
    const { handle } = await launchReady(runtime, made);
    const body = `{"message":"removal of container ${handle} is already in progress"}`;
    proxy.fault = ({ method }) => (method === "DELETE" ? { kind: "answer", status: 409, body } : undefined);
    const stopping = runtime.stop(made.workspaceId, patientCall());
    await eventually(() => proxy.count("GET", new RegExp(`^/containers/${handle}/json$`)) >= 2);
    await world.docker.getContainer(handle).remove({ force: true });
    await stopping;
  });

  it("stops a workspace for two callers at once", async () => {
    const made = spec();
    await launchReady(runtime, made);
    await Promise.all([1, 2, 3].map(() => runtime.stop(made.workspaceId, patientCall())));
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
  });

  it("launches a workspace on a network that somebody has removed", async function () {
    if (!world.engine.private) skip(this, "the network of a found engine may be in use");
    await launchReady(runtime, spec());
    await world.removeRemains();
    await world.docker.getNetwork("molecule-net").remove();
    await launchReady(runtime, spec());
  });

  it("keeps the environment out of the addresses that it calls", async () => {
    await launchReady(runtime, spec({ env: { TOKEN: "hunter2" } }));
    expect(proxy.count("POST", /^\/containers\/create$/)).to.equal(1);
    expect(proxy.seen.filter(({ url }) => url.includes("hunter2"))).to.deep.equal([]);
  });

  it("is unavailable while the engine is away, and heals by itself", async () => {
    const check = () => runtime.check(patientCall().signal);
    expect(await check()).to.include({ available: true });
    await proxy.close();
    const gone = await check();
    expect("reason" in gone && gone.reason).to.contain(`the Docker engine at ${proxy.url} can't be reached`);
    expect((await failureOf(runtime.launch(spec(), patientCall()))).code).to.equal("ENGINE_UNREACHABLE");
    await proxy.open();
    expect(await check()).to.include({ available: true });
  });

  it("ends what is in flight when it is closed, and starts nothing afterwards", async () => {
    const closing = world.installation({ dockerHost: proxy.url });
    failing("GET", LIST, { kind: "hang" });
    const observing = closing.observe(spec().workspaceId, patientCall());
    await eventually(() => proxy.count("GET", LIST) === 1);
    await closing.close();
    expect(await observing).to.deep.equal({
      state: "unknown",
      reason: "can't list containers: the container runtime is stopping",
    });
    expect((await failureOf(closing.launch(spec(), patientCall()))).code).to.equal("ENGINE_CLOSED");
  });
});
