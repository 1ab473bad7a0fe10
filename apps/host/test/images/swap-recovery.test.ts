import { eventually } from "@molecule/test/support/eventually.js";
import { EngineProxy, refusal } from "@molecule/test/support/engine-faults.js";
import { useEngine } from "@molecule/test/support/engine.js";
import type { BEHAVIOURS } from "@molecule/test/support/fleet-images.js";
import { RolloutFleet } from "@molecule/test/support/rollout-fleet.js";
import { markVolumes, readMarks } from "@molecule/test/support/volume-marks.js";
import { expect } from "chai";
import pg from "pg";
import { SWAP_PHASES, type SwapPhase } from "../../dist/storage/image-tables.js";

/** How a phase is reached, and which image must run when all is over. */
interface Course {
  readonly image: keyof typeof BEHAVIOURS;
  readonly ends: "new" | "old" | "stuck";
}

/** By phase, so that a new one does not compile until it is said here how it is reached. */
const COURSES: Readonly<Record<SwapPhase, Course>> = {
  preparing: { image: "good", ends: "new" },
  draining: { image: "good", ends: "new" },
  "launching-new": { image: "good", ends: "new" },
  gating: { image: "good", ends: "new" },
  "removing-old": { image: "good", ends: "new" },
  "stopping-new": { image: "exits", ends: "old" },
  "starting-old": { image: "exits", ends: "old" },
  "removing-new": { image: "exits", ends: "old" },
  stuck: { image: "exits", ends: "stuck" },
};

/** For the lock of {@link PhaseTrap}. */
const WAITING = `from pg_locks join pg_database d on d.oid = database and d.datname = current_database()
  where locktype = 'advisory' and objid = 17 and not granted`;

const MOMENTS = ["as soon as it is written", "when its effect is done"] as const;

describe("fault 17: the host is killed in a swap", () => {
  let proxy: EngineProxy;
  let fleet: RolloutFleet;
  let workspace: string;

  before(async function () {
    const engine = await useEngine(this);
    proxy = await EngineProxy.start(this, engine);
    fleet = await RolloutFleet.start(this, { env: { DOCKER_HOST: proxy.url } });
    [workspace = ""] = await fleet.create(1);
  });

  after(async () => {
    await fleet.end();
    await proxy.close();
  });

  afterEach(async () => {
    proxy.heal();
    await fleet.client.query("delete from image_quarantine");
  });

  // Once before the effect of the phase, or in the middle of it; once after it, when only the next phase is not
  // written yet.
  for (const phase of SWAP_PHASES) {
    for (const when of MOMENTS) {
      if (phase === "stuck" && when === "when its effect is done") continue;
      it(`finishes or undoes a swap whose host was killed in "${phase}", ${when}`, async function () {
        this.timeout(240_000);
        const { image, ends } = COURSES[phase];
        const [before] = await fleet.workspaces();
        const [kept] = await fleet.containers(workspace);
        const marks = await markVolumes(await newest());
        if (ends === "stuck") {
          const start = new RegExp(`/containers/${kept?.Id ?? ""}/start`);
          proxy.fail("POST", start, refusal(500, "no space left on device"));
        }
        const imageId = await fleet.images.build(image);
        const trap = await PhaseTrap.set(fleet.databaseUrl, phase, when);
        const rollout = await fleet.rollOut(imageId);
        await trap.sprung;
        await fleet.host.kill();
        await trap.remove();
        const left = await fleet.client.query("select phase from workspace_swaps");
        expect(left.rows, "it was killed in this phase").to.deep.equal([{ phase }]);

        await fleet.boot();
        const ended = await fleet.ended(rollout);
        expect(ended.status).to.equal(ends === "new" ? "completed" : "quarantined");
        await eventually(
          async () =>
            (await fleet.client.query("select 1 from workspace_swaps where phase <> 'stuck'")).rowCount === 0,
          { what: "no swap is left", timeoutMs: 60_000 },
        );
        const status = ends === "stuck" ? "failed" : "online";
        await eventually(async () => (await fleet.workspaces())[0]?.status === status, {
          what: `the workspace is ${status}`,
          timeoutMs: 60_000,
        });
        expect(await readMarks(await newest()), "what stands in its volumes").to.deep.equal(marks);
        if (ends === "stuck") {
          await expectStuck(kept?.Id ?? "");
          return;
        }
        const containers = await fleet.containers(workspace);
        const [now] = await fleet.workspaces();
        const proven = ends === "new" ? imageId : before?.image_id;
        expect(containers.map(({ State, ImageID }) => [State, ImageID])).to.deep.equal([["running", proven]]);
        expect(containers[0]?.Labels["molecule.workspace.attempt"]).to.equal(String(now?.attempt));
        expect(now?.image_id).to.equal(proven);
        if (ends === "old") expect(containers[0]?.Id).to.equal(kept?.Id);
      });
    }
  }

  async function newest() {
    const [container] = await fleet.containers(workspace);
    return fleet.engine.docker.getContainer(container?.Id ?? "");
  }

  /** Nothing is removed until an operator decides. */
  async function expectStuck(oldContainer: string): Promise<void> {
    const [stuck] = await fleet.workspaces();
    const containers = await fleet.containers(workspace);
    expect(containers.map(({ Id }) => Id))
      .to.have.length(2)
      .and.to.include(oldContainer);
    expect(stuck?.last_sample_error)
      .to.contain("no space left on device")
      .and.contain("restart the workspace");
    proxy.heal();
    expect((await fleet.host.api("DELETE", `/workspaces/${workspace}`)).status).to.equal(200);
    expect(await fleet.containers(workspace)).to.deep.equal([]);
    expect((await fleet.client.query("select 1 from workspace_swaps")).rowCount).to.equal(0);
  }
});

/** Tells, from inside the database, when a swap has come into a phase, or is about to leave it; and keeps it there. */
class PhaseTrap {
  readonly sprung: Promise<void>;
  readonly #client: pg.Client;

  static async set(url: string, phase: SwapPhase, when: (typeof MOMENTS)[number]): Promise<PhaseTrap> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    // This session holds the lock: whoever leaves the phase waits for it, until its process is gone.
    await client.query("select pg_advisory_lock(17)");
    await client.query("listen phase_trap");
    await client.query(
      `create function phase_trap() returns trigger language plpgsql as $$ begin
         if new.phase is distinct from old.phase then
           if new.phase = '${phase}' then perform pg_notify('phase_trap', ''); end if;
           if old.phase = '${phase}' then perform pg_advisory_xact_lock(17); end if;
         end if;
         return coalesce(new, old);
       end $$`,
    );
    await client.query(
      `create trigger phase_trap before insert or update or delete on workspace_swaps
       for each row execute function phase_trap()`,
    );
    return new PhaseTrap(client, when === "as soon as it is written");
  }

  private constructor(client: pg.Client, entered: boolean) {
    this.#client = client;
    this.sprung = entered
      ? new Promise((resolve) => client.once("notification", () => resolve()))
      : eventually(async () => await this.#somebodyWaits(), { timeoutMs: 60_000 }).then(() => undefined);
  }

  /** Whoever still waits on behalf of the killed host goes without having left the phase. */
  async remove(): Promise<void> {
    await this.#client.query(`select pg_terminate_backend(pid) ${WAITING}`);
    await eventually(async () => !(await this.#somebodyWaits()), { what: "nobody leaves the phase" });
    await this.#client.query("select pg_advisory_unlock(17)");
    await this.#client.query("drop function phase_trap() cascade");
    await this.#client.end();
  }

  async #somebodyWaits(): Promise<boolean> {
    return (await this.#client.query(`select 1 ${WAITING}`)).rowCount === 1;
  }
}
