import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { SecretMasker, silentLogger, systemClock } from "@molecule/core";
import { TokenMasks } from "../../dist/masking/token-masks.js";
import { EventLog } from "../../dist/storage/event-log.js";
import { systemRandom } from "../../dist/storage/random.js";
import { WORKSPACE_STATUSES, type WorkspaceStatus } from "../../dist/storage/schema.js";
import { TokenStore } from "../../dist/storage/token-store.js";
import { WorkspaceStore } from "../../dist/storage/workspace-store.js";
import { StateMachine, type OwnTransition } from "../../dist/workspaces/state-machine.js";
import { TRANSITIONS } from "../../dist/workspaces/status.js";
import { addWorkspace, useDatabase } from "../storage/databases.js";

describe("StateMachine", () => {
  const suite = useDatabase("postgres");

  function machine() {
    const db = suite.db;
    const masker = new SecretMasker();
    const events = new EventLog({ db, clock: systemClock, log: silentLogger, masker, hostId: randomUUID() });
    const tokens = new TokenStore({
      db,
      random: systemRandom,
      log: silentLogger,
      masks: new TokenMasks(masker),
    });
    const workspaces = new WorkspaceStore({ db });
    const stateMachine = new StateMachine({ workspaces, tokens, hostId: randomUUID() });
    return { events, tokens, workspaces, stateMachine };
  }

  const allowed: Readonly<
    Record<Exclude<keyof typeof TRANSITIONS, OwnTransition>, readonly WorkspaceStatus[]>
  > = {
    register: ["provisioning", "offline", "failed", "awaiting_agent"],
    recover: ["provisioning", "offline"],
    degrade: ["online"],
    heal: ["degraded"],
    lose: ["online", "degraded"],
    fail: ["provisioning"],
    wake: ["paused"],
  };

  for (const name of ["register", "recover", "degrade", "heal", "lose", "fail", "wake"] as const) {
    it(`lets "${name}" move a workspace from ${allowed[name].join(", ")} and from nowhere else`, async () => {
      const { events, stateMachine } = machine();
      const moved: WorkspaceStatus[] = [];
      for (const status of WORKSPACE_STATUSES) {
        const workspaceId = await addWorkspace(suite.db, { status });
        const row = await events.transact((trx, emit) =>
          stateMachine.apply(trx, emit, name, { workspaceId }, {}, () => ({ told: true })),
        );
        const stored = await events.list({ workspaceId, limit: 10 });
        if (row === null) {
          expect(stored).to.deep.equal([]);
          continue;
        }
        moved.push(status);
        expect(row.status).to.equal(TRANSITIONS[name].to);
        expect(stored.map((event) => event.event_type)).to.deep.equal([TRANSITIONS[name].event]);
        expect(stored[0]?.payload).to.deep.equal({ told: true });
      }
      expect(moved).to.have.members([...allowed[name]]);
    });
  }

  it("refuses an actor of an older attempt", async () => {
    const { events, stateMachine } = machine();
    const workspaceId = await addWorkspace(suite.db, { status: "provisioning", attempt: 2 });
    const apply = (attempt: number) =>
      events.transact((trx, emit) =>
        stateMachine.apply(
          trx,
          emit,
          "fail",
          { workspaceId, attempt },
          { last_sample_error: "late" },
          () => ({}),
        ),
      );
    expect(await apply(1)).to.equal(null);
    expect(await apply(2)).to.include({ status: "failed", last_sample_error: "late" });
  });

  it("gives the next attempt its number and a claim, and ends the tokens of the last one", async () => {
    const { events, stateMachine, tokens } = machine();
    const workspaceId = await addWorkspace(suite.db, {
      status: "failed",
      url: "http://127.0.0.1:1",
      handle: "abc",
    });
    const { token } = await tokens.issue(suite.db, { workspaceId, attempt: 1 });
    const row = await events.transact((trx, emit) => stateMachine.reprovision(trx, emit, { workspaceId }));
    expect(row).to.include({ status: "provisioning", attempt: 2, url: "", handle: null });
    expect(row?.provision_host).to.be.a("string");
    expect(row?.provisioning_started_at).to.be.instanceOf(Date);
    expect(await tokens.verify(token)).to.equal(null);
  });

  it("neither provisions what is removed, nor what runs elsewhere", async () => {
    const { events, stateMachine } = machine();
    const removed = await addWorkspace(suite.db, { status: "removed" });
    const external = await addWorkspace(suite.db, { status: "offline", external: true });
    for (const workspaceId of [removed, external]) {
      expect(
        await events.transact((trx, emit) => stateMachine.reprovision(trx, emit, { workspaceId })),
      ).to.equal(null);
    }
  });

  it("removes a workspace with all below it, once, and tells each", async () => {
    const { events, stateMachine, tokens, workspaces } = machine();
    const root = await addWorkspace(suite.db);
    const child = await addWorkspace(suite.db, { parent_id: root });
    const grandchild = await addWorkspace(suite.db, { parent_id: child });
    const sibling = await addWorkspace(suite.db);
    const { token } = await tokens.issue(suite.db, { workspaceId: grandchild, attempt: 1 });
    const remove = () =>
      events.transact((trx, emit) => stateMachine.remove(trx, emit, root, { purge: false, cascade: true }));
    const removed = (await remove()) ?? [];
    expect(removed[0]?.id).to.equal(root);
    expect(removed.map((row) => row.id)).to.have.members([root, child, grandchild]);
    for (const { id } of removed) {
      const row = await workspaces.get(id);
      expect(row).to.deep.include({ status: "removed", cleanup_pending: true, purge_pending: false });
    }
    expect(await tokens.verify(token)).to.equal(null);
    expect((await workspaces.list()).map((row) => row.id)).to.deep.equal([sibling]);
    const [first] = await events.list({ workspaceId: root, limit: 1 });
    expect(first).to.deep.include({ event_type: "WORKSPACE_REMOVED", payload: { cascade_deleted: 2 } });
    expect(await remove()).to.deep.equal([]);
  });

  it("does not let a child be created below a parent that is being removed", async () => {
    const { events, stateMachine } = machine();
    const parent = await addWorkspace(suite.db);
    const values = {
      id: randomUUID(),
      name: "Late",
      tier: 2,
      runtime: "demo",
      status: "provisioning",
      parent_id: parent,
    } as const;
    let createdBeforeCommit = false;
    let creation: Promise<unknown> = Promise.resolve();
    await events.transact(async (trx, emit) => {
      await stateMachine.remove(trx, emit, parent, { purge: false, cascade: true });
      creation = events
        .transact((other, tell) =>
          stateMachine.create(other, tell, values, { type: "WORKSPACE_PROVISIONING", payload: {} }),
        )
        .then(
          () => (createdBeforeCommit = true),
          (error: unknown) => error,
        );
      // A round trip on another connection: what is not blocked by now has had its chance.
      await suite.db.selectFrom("workspaces").select("id").execute();
      expect(createdBeforeCommit).to.be.false;
    });
    expect(await creation).to.have.property("code", "UNKNOWN_PARENT");
  });
});
