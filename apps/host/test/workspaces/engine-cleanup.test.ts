import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { useDatabase } from "../storage/databases.js";
import { CONCURRENT_JOBS, useHosts } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

describe("cleaning up after removed workspaces", () => {
  const suite = useDatabase("postgres");
  const start = useHosts(suite);

  it("purges a workspace whose purge is asked for while it is being deleted", async () => {
    const runtime = new ShelfRuntime();
    const host = await start(runtime);
    const id = await host.create();
    await eventually(() => runtime.shelves.has(id));
    const stops: (() => void)[] = [];
    runtime.onJob = ({ kind }) =>
      kind === "stop" ? new Promise((resolve) => stops.push(resolve)) : Promise.resolve();
    const { deletion } = host.services;
    const deleted = deletion.remove(id, { confirm: false, purge: false });
    await eventually(() => stops.length === 1);
    const purged = deletion.remove(id, { confirm: false, purge: true });
    await eventually(async () => (await host.row(id)).purge_pending);
    runtime.onJob = () => Promise.resolve();
    for (const goOn of stops) goOn();
    expect((await deleted).body).to.deep.equal({ status: "removed", cascade_deleted: 0 });
    expect((await purged).body).to.deep.equal({ status: "purged", cascade_deleted: 0 });
    expect(await host.workspaces.get(id)).to.equal(undefined);
  });

  it("purges a workspace whose purge is asked for just as its deletion ends", async () => {
    const runtime = new ShelfRuntime();
    const host = await start(runtime);
    const { deletion } = host.services;
    for (let round = 0; round < 20; round += 1) {
      const id = await host.create();
      await eventually(() => runtime.shelves.has(id));
      const [, purged] = await Promise.all([
        deletion.remove(id, { confirm: false, purge: false }),
        deletion.remove(id, { confirm: false, purge: true }),
      ]);
      expect(purged.body.status).to.equal("purged");
      expect(await host.workspaces.get(id)).to.equal(undefined);
    }
  });

  it("tells of a purge that a volume holds up that the workspace is removed, and purges it later", async () => {
    const runtime = new ShelfRuntime();
    const host = await start(runtime);
    const id = await host.create();
    await eventually(() => runtime.shelves.has(id));
    runtime.onJob = ({ kind }) =>
      kind === "volumes" ? Promise.reject(new Error("volume is in use")) : Promise.resolve();
    const { deletion, recovery } = host.services;
    const { status, body } = await deletion.remove(id, { confirm: false, purge: true });
    expect({ status, body }).to.deep.equal({ status: 200, body: { status: "removed", cascade_deleted: 0 } });
    expect(await host.row(id)).to.include({ status: "removed", purge_pending: true, cleanup_pending: true });
    runtime.onJob = () => Promise.resolve();
    await recovery.atBoot();
    expect(await host.workspaces.get(id)).to.equal(undefined);
  });

  it("does not wait for provisions that a queued workspace waits for, when that is deleted or paused", async () => {
    const runtime = new ShelfRuntime();
    const host = await start(runtime);
    let launching = 0;
    runtime.onJob = async ({ kind }, { signal }) => {
      if (kind !== "launch") return;
      launching += 1;
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
    };
    for (let n = 0; n < CONCURRENT_JOBS; n += 1) await host.create();
    await eventually(() => launching === CONCURRENT_JOBS);
    const { deletion, api } = host.services;
    const queued = [await host.create(), await host.create()];
    for (const id of queued) {
      const { status } = await deletion.remove(id, { confirm: false, purge: false });
      expect(status).to.equal(200);
    }
    const paused = await host.create();
    await api.pausing.pause(paused);
    await eventually(async () => !(await host.row(paused)).stop_pending);
    expect(launching).to.equal(CONCURRENT_JOBS);
  });
});
