import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { inMemory } from "../model/engines/in-memory.js";
import { World } from "../model/world.js";

/** What of each loop's work is laid out below, as its dry run has to tell it. */
const TOLD = {
  "workspace-recovery":
    "would be: 1 provision(s) resumed, 1 workspace(s) restarted with what was changed, 1 paused workspace(s) stopped, 1 of 1 removed workspace(s) cleaned up",
  "image-rollouts": "would be driven: agent",
  "provision-timeout": "1 would time out, 2 left-over container(s) would be stopped",
  "health-sweep": "would be: 1 offline",
  "orphan-sweeper": "would be removed",
};

const TABLES = [
  "workspaces",
  "workspace_tokens",
  "workspace_sweeps",
  "workspace_swaps",
  "rollouts",
  "orphan_fuse",
  "events",
];

describe("the dry run of every loop", function () {
  this.timeout(120_000);
  let world: World;
  before(async function () {
    world = await World.open(this, await inMemory());
  });
  after(() => world.close());

  const create = async () => {
    const { body } = await world.api("POST", "/workspaces", { name: "Dry", tier: 2, runtime: "agent" });
    const id = String(body.id);
    await world.settled();
    return id;
  };
  const set = (id: string, assignments: string) =>
    world.query(`update workspaces set ${assignments} where id = $1`, [id]);
  const kill = async (workspaceId: string) => {
    const own = (await world.view.containers()).find((each) => each.workspaceId === workspaceId);
    expect(await world.view.kill(own?.id ?? "")).to.equal(true);
  };
  const control = (loop: string, action: string) =>
    eventually(async () => {
      const answer = await world.api("POST", `/admin/loops/${loop}`, { action });
      return answer.status === 200 ? answer.body.report : undefined;
    });
  const snapshot = async () => ({
    rows: await Promise.all(
      TABLES.map(async (table) => (await world.query(`select t::text from ${table} t order by 1`)).rows),
    ),
    containers: await world.view.containers(),
    volumes: await world.view.volumes(),
  });

  it("tells what there is to do, and changes nothing", async () => {
    await control("image-rollouts", "pause");
    await set(await create(), "status = 'removed', removed_at = now(), cleanup_pending = true");
    await set(await create(), "status = 'paused', stop_pending = true");
    await set(await create(), "status = 'online', restart_wanted_at = 'epoch'");
    await set(await create(), "provisioning_started_at = now() - interval '1 hour'");
    const postponed = await create();
    await set(postponed, "provision_claim_expires_at = 'epoch'");
    const lost = await create();
    await set(lost, "status = 'online'");
    await kill(lost);
    const failed = await create();
    await set(failed, "status = 'failed'");
    await world.query(
      "insert into workspace_sweeps (workspace_id, leftover_attempt, leftover_since) values ($1, 1, now())",
      [failed],
    );
    await world.query(
      `insert into rollouts (id, runtime, reference, digest, image_id, requested_by)
       values (gen_random_uuid(), 'agent', 'agent:latest', 'sha256:0', 'sha256:1', 'a test')`,
    );
    const before = await snapshot();
    const { body } = await world.api("GET", "/admin/loops");
    const loops = Array.isArray(body.loops) ? body.loops.map(({ name }: { name: string }) => name) : [];
    expect(loops.toSorted()).to.deep.equal(Object.keys(TOLD).toSorted());
    for (const [loop, told] of Object.entries(TOLD)) {
      const report = await control(loop, "dry-run");
      expect(report, loop).to.include({ ok: true });
      expect(report, loop).to.have.property("detail").that.contains(told);
      expect(await snapshot(), loop).to.deep.equal(before);
    }
  });
});
