import { ManualClock } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { useDatabase } from "../storage/databases.js";
import { useHosts, type DomainHost } from "../workspaces/hosts.js";
import { ShelfRuntime, type ShelfJob } from "../workspaces/shelf-runtime.js";

const CLEANUP_BUDGET_MS = 30_000;
const STOP_BUDGET_MS = 30_000;
const PROVISION_TIMEOUT_MS = 180_000;

/** That a call of a hanging engine ends with its signal is shown beside the Docker runtime. */
describe("fault 14: the engine hangs, and the budgets of deleting, pausing and provisioning fire", function () {
  this.timeout(60_000);
  // The embedded one: no lease on a turn can run out by a clock that the database does not know.
  const suite = useDatabase("pglite");
  const start = useHosts(suite);
  let clock: ManualClock;
  let runtime: ShelfRuntime;
  let host: DomainHost;
  beforeEach(async () => {
    clock = new ManualClock();
    runtime = new ShelfRuntime();
    host = await start(runtime, clock);
  });

  /** Jobs of this kind hang from now on; answers the signal of the first. */
  async function hanging(kind: ShelfJob["kind"]): Promise<AbortSignal> {
    return await new Promise((hangs) => {
      runtime.onJob = (job, { signal }) => {
        if (job.kind !== kind) return Promise.resolve();
        hangs(signal);
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
          });
        });
      };
    });
  }
  /** Lets time pass up to the end of a budget, which holds until then. */
  async function spend(budgetMs: number, signal: AbortSignal): Promise<void> {
    await clock.advance(budgetMs - 1);
    expect(signal.aborted, "given up before its time").to.equal(false);
    await clock.advance(1);
    expect(signal.aborted, "given up in time").to.equal(true);
  }
  /** The engine answers again, and recovery goes on with what it finds in the rows. */
  async function back(): Promise<void> {
    runtime.onJob = () => Promise.resolve();
    await host.services.recovery.atBoot();
  }
  async function launched(): Promise<string> {
    const id = await host.create();
    await eventually(async () => runtime.shelves.has(id) && (await host.row(id)).provision_host === null);
    return id;
  }

  for (const [kind, left] of [
    ["stop", { containers: 1, status: 500 }],
    ["volumes", { containers: 0, status: 200 }],
  ] as const) {
    it(`a delete is answered within 30 s when the engine hangs at its ${kind}, and is finished later`, async () => {
      const id = await launched();
      const hung = hanging(kind);
      const deletion = host.services.deletion.remove(id, { confirm: false, purge: false });
      await spend(CLEANUP_BUDGET_MS, await hung);
      const { status, body } = await deletion;
      expect(status, JSON.stringify(body)).to.equal(left.status);
      if (status === 500) expect(body.error).to.contain("the engine did not finish within 30 s");
      expect(await host.row(id)).to.include({ status: "removed", cleanup_pending: true });
      expect(runtime.shelves.get(id)).to.include({ volumes: true });
      expect(runtime.shelves.get(id)?.containers.size).to.equal(left.containers);

      await back();
      expect(runtime.shelves.has(id)).to.equal(false);
      expect((await host.row(id)).cleanup_pending).to.equal(false);
    });
  }

  it("a pause gives its stop up within 30 s, and it is stopped later", async () => {
    const id = await launched();
    const hung = hanging("stop");
    await host.services.api.pausing.pause(id);
    await spend(STOP_BUDGET_MS, await hung);
    await eventually(() =>
      host.log.lines.some(({ message }) => message.includes("the engine did not finish within 30 s")),
    );
    expect(await host.row(id)).to.include({ status: "paused", stop_pending: true });
    expect(runtime.shelves.get(id)?.containers.size).to.equal(1);

    await back();
    expect(runtime.shelves.get(id)?.containers.size).to.equal(0);
    expect((await host.row(id)).stop_pending).to.equal(false);
  });

  it("a provision fails within three minutes, says why, and a restart brings it up", async () => {
    const hung = hanging("launch");
    const id = await host.create();
    await spend(PROVISION_TIMEOUT_MS, await hung);
    await eventually(async () => (await host.row(id)).status === "failed");
    expect((await host.row(id)).last_sample_error).to.contain(
      "the container engine did not bring the workspace up within 180 s",
    );
    expect((await host.eventTypes(id)).at(-1)).to.equal("WORKSPACE_PROVISION_FAILED");
    expect(await host.tokens.hasLive(id)).to.equal(false);

    runtime.onJob = () => Promise.resolve();
    await host.services.restart.restart(id);
    await eventually(() => runtime.shelves.get(id)?.containers.has(2) === true);
    expect(runtime.overlaps).to.deep.equal([]);
  });
});
