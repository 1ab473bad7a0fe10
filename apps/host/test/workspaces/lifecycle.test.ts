import { expect } from "chai";
import { isCodedError } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
import { NoneRuntime } from "../../dist/runtimes/none.js";
import { useDatabase } from "../storage/databases.js";
import { gate } from "../storage/gate.js";
import { CONCURRENT_JOBS, useHosts, type DomainHost } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

describe("restarting, pausing and resuming workspaces", function () {
  this.timeout(60_000);
  const suite = useDatabase("postgres");
  const start = useHosts(suite);
  let runtime: ShelfRuntime;
  let host: DomainHost;
  beforeEach(async () => {
    runtime = new ShelfRuntime();
    host = await start(runtime);
  });

  const launched = (id: string, attempt: number) =>
    eventually(async () => {
      const row = await host.row(id);
      return runtime.shelves.get(id)?.containers.has(attempt) === true && row.provision_host === null;
    });
  const register = async (id: string) => {
    const row = await host.row(id);
    await host.services.registration.register(
      { id, url: "http://localhost:8000", agent_card: { name: "Test" } },
      { attempt: row.attempt },
    );
  };
  const refusal = async (work: Promise<unknown>) => {
    try {
      await work;
      return "accepted";
    } catch (error) {
      if (isCodedError(error)) return `${error.code}: ${error.message}`;
      throw error;
    }
  };

  it("starts the next attempt at a restart, and drops the session only at the one that is to", async () => {
    const id = await host.create();
    await launched(id, 1);
    await register(id);
    expect(await host.services.api.restart(id, { resetSession: true })).to.deep.equal({
      status: "provisioning",
      config_dir: "/configs",
      reset_session: true,
    });
    await launched(id, 2);
    const spec = (attempt: number) => runtime.shelves.get(id)?.containers.get(attempt);
    expect(spec(2)?.resetSession).to.equal(true);
    expect(runtime.shelves.get(id)?.containers.size).to.equal(1);
    expect((await host.row(id)).reset_session).to.equal(false);
    await host.services.restart.restart(id);
    await launched(id, 3);
    expect(spec(3)?.resetSession).to.equal(false);
  });

  it("keeps the wish to drop the session over an attempt that came to nothing", async () => {
    const id = await host.create();
    await launched(id, 1);
    runtime.onJob = () => Promise.reject(new Error("the engine is away"));
    await host.services.restart.restart(id, { resetSession: true });
    await eventually(async () => (await host.row(id)).status === "failed");
    runtime.onJob = () => Promise.resolve();
    await host.services.restart.restart(id);
    await launched(id, 3);
    expect(runtime.shelves.get(id)?.containers.get(3)?.resetSession).to.equal(true);
  });

  it("provisions the last of two restarts that come in the wrong order", async () => {
    const id = await host.create();
    await launched(id, 1);
    await Promise.all(Array.from({ length: 10 }, () => host.services.restart.restart(id)));
    await launched(id, 11);
    expect([...(runtime.shelves.get(id)?.containers.keys() ?? [])]).to.deep.equal([11]);
  });

  it("pauses a workspace with all below it: events, tokens, containers, provisions under way", async () => {
    const root = await host.create({ name: "Root" });
    const child = await host.create({ name: "Child", parent_id: root });
    const leaf = await host.create({ name: "Leaf", parent_id: child });
    const other = await host.create({ name: "Other" });
    for (const id of [root, child, leaf, other]) await launched(id, 1);
    await register(root);
    // The leaf comes up anew just now, and its launch does not end by itself.
    runtime.onJob = ({ kind }, { signal }) =>
      kind === "launch"
        ? new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              reject(new Error("aborted"));
            });
          })
        : Promise.resolve();
    await host.services.restart.restart(leaf);
    expect(await host.services.api.pausing.pause(root)).to.deep.equal({ status: "paused", paused_count: 3 });
    await eventually(
      async () => !(await host.row(leaf)).stop_pending && !(await host.row(root)).stop_pending,
    );
    await eventually(() => [root, child, leaf].every((id) => runtime.shelves.get(id)?.containers.size === 0));
    for (const id of [root, child, leaf]) {
      expect((await host.row(id)).status).to.equal("paused");
      expect((await host.eventTypes(id)).at(-1)).to.equal("WORKSPACE_PAUSED");
      expect(await host.tokens.hasLive(id)).to.equal(false);
      expect(runtime.shelves.get(id)?.volumes, "volumes stay").to.equal(true);
    }
    expect((await host.row(other)).status).to.equal("provisioning");
    expect(await host.services.api.pausing.pause(root)).to.deep.equal({ status: "paused", paused_count: 0 });
    expect(await refusal(host.services.restart.restart(child))).to.equal(
      'PARENT_PAUSED: parent workspace "Root" is paused — resume it first',
    );
    expect(await refusal(host.services.api.pausing.resume(leaf))).to.contain(
      'PARENT_PAUSED: parent workspace "Child"',
    );
    expect(await refusal(host.services.api.pausing.resume(other))).to.contain("WORKSPACE_NOT_PAUSED");

    runtime.onJob = () => Promise.resolve();
    expect(await host.services.api.pausing.resume(root)).to.deep.equal({
      status: "provisioning",
      resumed_count: 3,
    });
    await Promise.all([launched(root, 2), launched(child, 2), launched(leaf, 3)]);
    expect(runtime.overlaps).to.deep.equal([]);
  });

  it("stops later what could not be stopped at a pause, also on another host", async () => {
    const id = await host.create();
    await launched(id, 1);
    runtime.onJob = () => Promise.reject(new Error("the engine is away"));
    await host.services.api.pausing.pause(id);
    await eventually(() => host.log.lines.some(({ message }) => message.includes("could not be stopped")));
    expect((await host.row(id)).stop_pending).to.equal(true);
    runtime.onJob = () => Promise.resolve();
    const second = await start(runtime);
    await second.services.recovery.atBoot();
    expect((await host.row(id)).stop_pending).to.equal(false);
    expect(runtime.shelves.get(id)?.containers.size).to.equal(0);
  });

  it("leaves the next attempt alone where the stop of a pause has waited in line until it came up", async () => {
    const ids = await Promise.all(Array.from({ length: CONCURRENT_JOBS + 1 }, () => host.create()));
    for (const id of ids) await launched(id, 1);
    const [late = "", ...others] = ids;
    const [line, launch] = [gate(), gate()];
    const stops: string[] = [];
    runtime.onJob = async ({ kind, workspaceId }) => {
      if (kind === "stop") stops.push(workspaceId);
      await (kind === "stop" && workspaceId !== late ? line.passed : launch.passed);
    };
    for (const id of others) await host.services.api.pausing.pause(id);
    await eventually(() => stops.length === CONCURRENT_JOBS);
    await host.services.api.pausing.pause(late);
    await host.services.api.pausing.resume(late);
    await eventually(() => runtime.isBusy(late), { what: "the next attempt comes up" });
    line.open();
    for (const id of others) await eventually(async () => !(await host.row(id)).stop_pending);
    // It has come to its turn in the line, and waits for the one in the engine.
    expect(stops).not.to.include(late);
    launch.open();
    await eventually(() => stops.includes(late) && !runtime.isBusy(late), { what: "the stop that was late" });
    expect(await host.row(late)).to.include({ status: "provisioning", attempt: 2, provision_host: null });
    expect([...(runtime.shelves.get(late)?.containers.keys() ?? [])]).to.deep.equal([2]);
  });

  it("lets an external agent keep its token over a pause, with which it comes back", async () => {
    const { body } = await host.services.creation.create({ name: "Far", external: true });
    const id = String(body.id);
    await register(id);
    expect(await refusal(host.services.restart.restart(id))).to.contain("WORKSPACE_EXTERNAL");
    await host.services.api.pausing.pause(id);
    await host.services.heartbeats.take({ workspace_id: id }, { attempt: 1 });
    expect((await host.row(id)).status).to.equal("paused");
    expect(await host.tokens.hasLive(id)).to.equal(true);
    await host.services.api.pausing.resume(id);
    expect((await host.row(id)).status).to.equal("offline");
    await host.services.heartbeats.take({ workspace_id: id }, { attempt: 1 });
    expect((await host.row(id)).status).to.equal("online");
  });

  it("refuses to start anything without a container runtime, and what is removed or unknown", async () => {
    const none = await start(new NoneRuntime("this is a test"));
    const id = await host.create();
    await launched(id, 1);
    expect(await refusal(none.services.restart.restart(id))).to.equal(
      "PROVISIONER_NOT_AVAILABLE: provisioner not available",
    );
    await host.services.deletion.remove(id, { confirm: true, purge: false });
    expect(await refusal(host.services.restart.restart(id))).to.contain("WORKSPACE_NOT_FOUND");
    expect(await refusal(host.services.api.pausing.pause(id))).to.contain("WORKSPACE_NOT_FOUND");
    expect(await refusal(host.services.api.pausing.resume(id))).to.contain("WORKSPACE_NOT_PAUSED");
  });
});
