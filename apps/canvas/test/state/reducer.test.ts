import { expect } from "chai";
import type { WorkspaceDetail } from "../../dist-test/src/api/workspace.js";
import { reduce } from "../../dist-test/src/state/reducer.js";
import { INITIAL_STATE } from "../../dist-test/src/state/state.js";
import { after, event, knowing, only, told, workspace } from "../support/examples.js";

describe("events", () => {
  const state = knowing(workspace("a", { status: "provisioning", last_sample_error: "old" }));

  it("bring a workspace from its creation to online", () => {
    const payload = { name: "New", tier: 2, runtime: "demo", parent_id: "a", x: 5, y: 6 };
    const created = told(state, event("WORKSPACE_PROVISIONING", "b", payload));
    expect(only(created, "b")).to.deep.include({
      name: "New",
      tier: 2,
      runtime: "demo",
      parentId: "a",
      status: "provisioning",
      complete: false,
    });
    expect(created.positions.get("b")).to.deep.equal({ x: 5, y: 6 });
    const online = told(
      created,
      event("WORKSPACE_ONLINE", "b", { url: "http://localhost:1", agent_card: { name: "Card" } }),
    );
    expect(only(online, "b")).to.deep.include({ status: "online", url: "http://localhost:1" });
    expect(only(online, "b").agentCard?.name).to.equal("Card");
  });

  it("bring an external workspace, which comes without a provision", () => {
    const payload = { name: "Remote", external: true };
    const waiting = told(state, event("WORKSPACE_AWAITING_AGENT", "b", payload));
    expect(only(waiting, "b")).to.include({ status: "awaiting_agent", name: "Remote", runtime: "external" });
  });

  it("say what went wrong, and that it is over when the agent registers", () => {
    const failed = told(state, event("WORKSPACE_PROVISION_FAILED", "a", { error: "no image" }));
    expect(only(failed, "a")).to.include({ status: "failed", lastError: "no image" });
    const online = told(failed, event("WORKSPACE_ONLINE", "a", { url: "http://x", agent_card: {} }));
    expect(only(online, "a")).to.include({ status: "online", lastError: "" });
  });

  it("move a workspace through degraded, offline and back by a heartbeat, which keeps its address", () => {
    const online = told(state, event("WORKSPACE_ONLINE", "a", { url: "http://x", agent_card: {} }));
    const degraded = told(
      online,
      event("WORKSPACE_DEGRADED", "a", { error_rate: 0.7, sample_error: "timeouts" }),
    );
    expect(only(degraded, "a")).to.include({ status: "degraded", errorRate: 0.7, lastError: "timeouts" });
    const offline = told(degraded, event("WORKSPACE_OFFLINE", "a"));
    expect(only(offline, "a").status).to.equal("offline");
    const back = told(offline, event("WORKSPACE_ONLINE", "a", { recovered_from: "offline" }));
    expect(only(back, "a")).to.include({ status: "online", url: "http://x" });
  });

  it("of an update change what it names, and one that only moves a card leaves what was read as it is", () => {
    const changed = told(
      state,
      event("WORKSPACE_UPDATED", "a", { name: "Renamed", role: "writer", parent_id: null }),
    );
    expect(only(changed, "a")).to.include({ name: "Renamed", role: "writer", parentId: null });
    expect(only(changed, "a").revision).to.equal(only(state, "a").revision + 1);
    const moved = told(changed, event("WORKSPACE_UPDATED", "a", { x: 7, y: 8 }));
    expect(only(moved, "a").revision).to.equal(only(changed, "a").revision);
    expect(moved.positions.get("a")).to.deep.equal({ x: 7, y: 8 });
  });

  it("keep tasks, uptime and card up to date", () => {
    const next = told(
      state,
      event("WORKSPACE_HEARTBEAT", "a", { active_tasks: 2, uptime_seconds: 60 }),
      event("TASK_UPDATED", "a", { current_task: "Writes", active_tasks: 3 }),
      event("AGENT_CARD_UPDATED", "a", { agent_card: { name: "Renamed" } }),
    );
    expect(only(next, "a")).to.deep.include({ activeTasks: 3, uptimeSeconds: 60, currentTask: "Writes" });
    expect(only(next, "a").lastHeartbeatAt).to.equal("2026-01-02T03:04:05.000Z");
    expect(only(next, "a").agentCard?.name).to.equal("Renamed");
  });

  it("count a workspace's revision up when they are stored, so that its views are read anew", () => {
    const { revision } = only(state, "a");
    const beat = told(state, event("WORKSPACE_HEARTBEAT", "a", { active_tasks: 1, uptime_seconds: 1 }));
    expect(only(beat, "a").revision).to.equal(revision);
    const unknown = told(beat, event("SOMETHING_OF_A_NEWER_HOST", "a", { status: "online" }));
    expect(only(unknown, "a")).to.include({ revision: revision + 1, status: "provisioning" });
  });

  it("remove a workspace with its place and its selection", () => {
    const selected = reduce(state, { type: "selected", id: "a" });
    const removed = told(selected, event("WORKSPACE_REMOVED", "a", { cascade_deleted: 0 }));
    expect(removed.workspaces?.size).to.equal(0);
    expect(removed.positions.size).to.equal(0);
    expect(removed.selectedId).to.equal(null);
  });

  it("of a removed or unknown workspace bring none back", () => {
    const removed = told(
      state,
      event("WORKSPACE_REMOVED", "a"),
      event("WORKSPACE_HEARTBEAT", "a", { active_tasks: 1, uptime_seconds: 1 }),
      event("WORKSPACE_ONLINE", "a", { recovered_from: "offline" }),
      event("WORKSPACE_OFFLINE", "z"),
    );
    expect(removed.workspaces?.size).to.equal(0);
  });

  it("with fields of wrong types change nothing that they can't", () => {
    const odd = told(
      state,
      event("WORKSPACE_HEARTBEAT", "a", { active_tasks: "many", uptime_seconds: null }),
      event("AGENT_CARD_UPDATED", "a", { agent_card: "none" }),
    );
    expect(only(odd, "a")).to.deep.include({ activeTasks: 0, uptimeSeconds: 0, agentCard: null });
  });

  it("leave what no event touched as it was, so that it is not drawn again", () => {
    const both = knowing(workspace("a"), workspace("b"));
    const next = told(both, event("WORKSPACE_HEARTBEAT", "a", { active_tasks: 1, uptime_seconds: 1 }));
    expect(next.workspaces?.get("b")).to.equal(both.workspaces?.get("b"));
    expect(next.positions).to.equal(both.positions);
  });
});

describe("reading the list", () => {
  it("replaces what was known, and tells what came meanwhile on top", () => {
    const before = knowing(workspace("a"), workspace("gone"));
    const reading = told(
      reduce(before, { type: "sync-started" }),
      event("WORKSPACE_OFFLINE", "a"),
      event("WORKSPACE_PROVISIONING", "new", { name: "New", tier: 3, runtime: "demo" }),
    );
    const read = reduce(reading, { type: "sync-succeeded", workspaces: [workspace("a")] });
    expect([...(read.workspaces?.keys() ?? [])]).to.deep.equal(["a", "new"]);
    expect(only(read, "a").status).to.equal("offline");
    expect(read.sinceSync).to.equal(null);
  });

  it("keeps nothing of the events of an earlier reading", () => {
    const state = after(
      { type: "sync-started" },
      { type: "events", events: [event("WORKSPACE_OFFLINE", "a")] },
      { type: "sync-failed", problem: "unreachable" },
      { type: "sync-started" },
      { type: "sync-succeeded", workspaces: [workspace("a")] },
    );
    expect(only(state, "a").status).to.equal("online");
    expect(state.problem).to.equal(null);
  });

  it("keeps what is shown while it fails, and says why", () => {
    const state = reduce(knowing(workspace("a")), { type: "sync-failed", problem: "unreachable" });
    expect(state.workspaces?.size).to.equal(1);
    expect(state.problem).to.equal("unreachable");
  });

  it("forgets everything when a token is wanted", () => {
    const state = reduce(knowing(workspace("a")), { type: "token-wanted", refused: true });
    expect(state.workspaces).to.equal(null);
    expect(state.access).to.equal("refused");
    expect(after({ type: "token-wanted", refused: false }).access).to.equal("needed");
  });
});

describe("the single answer", () => {
  function detail(id: string, status: string): WorkspaceDetail {
    return { ...workspace(id, { role: "pmm-lead", status }), lastOutboundAt: "2026-01-01T00:00:00Z" };
  }

  it("fills in what the first event left out, and leaves the status to the events", () => {
    const created = told(
      knowing(),
      event("WORKSPACE_PROVISIONING", "a", { name: "A", tier: 3, runtime: "demo" }),
    );
    const online = told(created, event("WORKSPACE_ONLINE", "a", { recovered_from: "provisioning" }));
    const filled = reduce(online, { type: "detail", detail: detail("a", "provisioning") });
    expect(only(filled, "a")).to.include({ role: "pmm-lead", status: "online", complete: true });
    expect(only(filled, "a").lastOutboundAt).to.equal("2026-01-01T00:00:00Z");
  });

  it("brings a workspace below its parent, of which its first event told nothing", () => {
    const created = told(
      knowing(workspace("p"), workspace("beside")),
      event("WORKSPACE_AWAITING_AGENT", "c", { name: "C", external: true }),
    );
    const filled = reduce(created, {
      type: "detail",
      detail: { ...workspace("c", { parent_id: "p" }), lastOutboundAt: null },
    });
    expect(filled.positions.get("c")?.x).to.equal(filled.positions.get("p")?.x);
    expect(filled.positions.get("beside")).to.deep.equal(created.positions.get("beside"));
  });

  it("of a workspace that is gone is dropped", () => {
    expect(reduce(knowing(), { type: "detail", detail: detail("a", "removed") }).workspaces?.size).to.equal(
      0,
    );
  });
});

describe("selecting", () => {
  it("one that was just created holds until its event comes", () => {
    const selected = reduce(knowing(workspace("a")), { type: "selected", id: "new" });
    const other = told(selected, event("WORKSPACE_OFFLINE", "a"));
    expect(other.selectedId).to.equal("new");
  });

  it("changes nothing else", () => {
    const state = reduce(INITIAL_STATE, { type: "selected", id: "a" });
    expect({ ...state, selectedId: null }).to.deep.equal(INITIAL_STATE);
  });
});
