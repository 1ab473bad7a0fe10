import { expect } from "chai";
import { silentLogger, systemClock } from "@molecule/core";
import { MeasuredInventory } from "../../dist/metrics/measured-inventory.js";
import type { EngineRun } from "../../dist/metrics/workspace-metrics.js";
import { NoneRuntime } from "../../dist/runtimes/none.js";

describe("MeasuredInventory", () => {
  it("tells a list that is known as a success", async () => {
    const runs: EngineRun[] = [];
    const list = () => Promise.resolve({ state: "known", objects: [] } as const);
    const { inventory } = new NoneRuntime("this is a test");
    const known = { ...inventory, listContainers: list, listVolumes: list };
    const measured = new MeasuredInventory(known, "docker", systemClock, (run) => runs.push(run));
    const call = { signal: new AbortController().signal, log: silentLogger };
    await measured.listContainers(call);
    await measured.listVolumes(call);
    expect(runs.map((run) => `${run.driver} ${run.call} ${run.outcome}`)).to.deep.equal([
      "docker inventory-list-containers ok",
      "docker inventory-list-volumes ok",
    ]);
  });

  it("answers as its inventory does, and tells each call; a listing that is unknown counts as failed", async () => {
    const runs: EngineRun[] = [];
    const { inventory } = new NoneRuntime("this is a test");
    const measured = new MeasuredInventory(inventory, "none", systemClock, (run) => runs.push(run));
    const call = { signal: new AbortController().signal, log: silentLogger };
    expect(await measured.listContainers(call)).to.deep.equal(await inventory.listContainers(call));
    expect(await measured.listVolumes(call)).to.deep.equal(await inventory.listVolumes(call));
    const object = {
      id: "x",
      name: "x",
      owner: "ours",
      workspaceId: null,
      attempt: null,
      runtime: null,
      createdAt: null,
    } as const;
    for (const refused of [
      measured.now(call),
      measured.removeContainer({ ...object, kind: "container", state: "stopped", url: null }, call),
      measured.removeVolume({ ...object, kind: "volume" }, call),
    ]) {
      expect(await refused.catch((error: unknown) => error)).to.have.property("code", "NO_CONTAINER_RUNTIME");
    }
    expect(runs.map((run) => `${run.driver} ${run.call} ${run.outcome}`)).to.deep.equal([
      "none inventory-list-containers failed",
      "none inventory-list-volumes failed",
      "none inventory-now failed",
      "none inventory-remove-container failed",
      "none inventory-remove-volume failed",
    ]);
  });
});
