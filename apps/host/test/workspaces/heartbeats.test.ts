import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { SecretMasker, silentLogger, systemClock } from "@molecule/core";
import { TokenMasks } from "../../dist/masking/token-masks.js";
import { EventLog, type PublishedEvent } from "../../dist/storage/event-log.js";
import { systemRandom } from "../../dist/storage/random.js";
import { TokenStore } from "../../dist/storage/token-store.js";
import { WorkspaceStore } from "../../dist/storage/workspace-store.js";
import { Heartbeats } from "../../dist/workspaces/heartbeats.js";
import { StateMachine } from "../../dist/workspaces/state-machine.js";
import { WorkspaceSecrets } from "../../dist/workspaces/workspace-secrets.js";
import { addWorkspace, useDatabase } from "../storage/databases.js";
import type { NewWorkspaceRow } from "../../dist/storage/schema.js";

describe("Heartbeats", () => {
  const suite = useDatabase("pglite");

  /** Sends one heartbeat to a workspace in the given state, and tells what came of it. */
  async function beat(
    row: Partial<NewWorkspaceRow>,
    body: Readonly<Record<string, unknown>>,
    known: readonly string[] = [],
  ) {
    const masker = new SecretMasker();
    const secrets = new WorkspaceSecrets({
      masker,
      vault: { knownTo: () => Promise.resolve([...known]) },
      launched: { of: () => Promise.resolve([]) },
      log: silentLogger,
    });
    const db = suite.db;
    const events = new EventLog({ db, clock: systemClock, log: silentLogger, masker, hostId: randomUUID() });
    const tokens = new TokenStore({
      db,
      random: systemRandom,
      log: silentLogger,
      masks: new TokenMasks(masker),
    });
    const workspaces = new WorkspaceStore({ db });
    const stateMachine = new StateMachine({ workspaces, tokens, hostId: randomUUID() });
    const told: PublishedEvent[] = [];
    events.subscribe((event) => told.push(event));
    const workspace_id = await addWorkspace(db, row);
    await new Heartbeats({ events, stateMachine, secrets, masker }).take({ workspace_id, ...body }, null);
    const after = await workspaces.get(workspace_id);
    if (after === undefined) throw new Error("the row is gone");
    return { after, told: told.map(({ event_type, payload }) => ({ event_type, payload })) };
  }

  it("keeps and tells no secret that the workspace knows, whichever host set it", async () => {
    const body = {
      error_rate: 0.9,
      sample_error: "401 for key planted-secret-1",
      current_task: "log in with planted-secret-1",
    };
    const { after, told } = await beat({ status: "online" }, body, ["planted-secret-1"]);
    expect(after).to.include({ last_sample_error: "401 for key ***", current_task: "log in with ***" });
    expect(JSON.stringify(told)).to.contain("401 for key ***").and.not.contain("planted-secret-1");
  });

  const cases = [
    [{ status: "provisioning" }, {}, "online", "WORKSPACE_ONLINE", { recovered_from: "provisioning" }],
    [{ status: "offline" }, {}, "online", "WORKSPACE_ONLINE", { recovered_from: "offline" }],
    [
      { status: "online" },
      { error_rate: 0.5, sample_error: "x" },
      "degraded",
      "WORKSPACE_DEGRADED",
      { error_rate: 0.5, sample_error: "x" },
    ],
    [
      { status: "online" },
      { runtime_state: "wedged" },
      "degraded",
      "WORKSPACE_DEGRADED",
      { runtime_state: "wedged", sample_error: "" },
    ],
    [
      { status: "degraded" },
      { error_rate: 0.09 },
      "online",
      "WORKSPACE_ONLINE",
      { recovered_from: "degraded" },
    ],
  ] as const;
  for (const [row, body, status, event_type, payload] of cases) {
    it(`takes ${row.status} to ${status} by ${JSON.stringify(body)}`, async () => {
      const { after, told } = await beat(row, body);
      expect(after.status).to.equal(status);
      expect(told).to.deep.include({ event_type, payload });
    });
  }

  const standing = [
    ["online", { error_rate: 0.49 }],
    ["degraded", { error_rate: 0.1 }],
    ["degraded", { error_rate: 0, runtime_state: "wedged" }],
    ["failed", {}],
    ["paused", {}],
    ["awaiting_agent", {}],
  ] as const;
  for (const [status, body] of standing) {
    it(`leaves ${status} as it is by ${JSON.stringify(body)}`, async () => {
      const { after, told } = await beat({ status }, body);
      expect(after.status).to.equal(status);
      expect(told.map((event) => event.event_type)).to.deep.equal(["WORKSPACE_HEARTBEAT"]);
    });
  }

  it("notes figures, and tells a change of task, which is not kept", async () => {
    const { after, told } = await beat(
      { status: "online", current_task: "old" },
      { active_tasks: 2, current_task: "new", uptime_seconds: 61.9, monthly_spend: 1250.4, error_rate: 0.2 },
    );
    expect(after).to.include({
      active_tasks: 2,
      current_task: "new",
      uptime_seconds: 61,
      monthly_spend: 1250,
      last_error_rate: 0.2,
    });
    expect(after.last_heartbeat_at).to.be.instanceOf(Date);
    expect(told).to.deep.equal([
      { event_type: "WORKSPACE_HEARTBEAT", payload: { active_tasks: 2, uptime_seconds: 61 } },
      { event_type: "TASK_UPDATED", payload: { current_task: "new", active_tasks: 2 } },
    ]);
  });

  it("clamps a spend to what can be one, and takes 0 as no update", async () => {
    expect((await beat({ monthly_spend: 7 }, { monthly_spend: -5 })).after.monthly_spend).to.equal(7);
    expect((await beat({ monthly_spend: 7 }, { monthly_spend: 0 })).after.monthly_spend).to.equal(7);
    expect((await beat({}, { monthly_spend: 1e300 })).after.monthly_spend).to.equal(1e12);
  });

  for (const [what, body] of Object.entries({
    "an error rate over 1": { error_rate: 1.5 },
    "a negative number of tasks": { active_tasks: -1 },
    "a task that is no text": { current_task: 7 },
  })) {
    it(`refuses ${what}`, async () => {
      const error: unknown = await beat({ status: "online" }, body).catch((thrown: unknown) => thrown);
      expect(error).to.have.property("code", "INVALID_REGISTRATION");
    });
  }

  it("knows no removed workspace", async () => {
    const error: unknown = await beat({ status: "removed" }, {}).catch((thrown: unknown) => thrown);
    expect(error).to.have.property("code", "WORKSPACE_NOT_FOUND");
  });
});
