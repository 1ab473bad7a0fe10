import { expect } from "chai";
import { toDetail, toListItem } from "../../../dist/http/routes/workspace-view.js";
import { WorkspaceStore } from "../../../dist/storage/workspace-store.js";
import { addWorkspace } from "../../storage/databases.js";
import { useSharedDatabase } from "../shared-database.js";

const LIST_KEYS =
  "id name role tier status agent_card url parent_id active_tasks max_concurrent_tasks last_error_rate last_sample_error uptime_seconds current_task runtime workspace_dir monthly_spend budget_limit budget_used x y collapsed provision_timeout_ms".split(
    " ",
  );
const LIST_ONLY = [
  "budget_limit",
  "monthly_spend",
  "budget_used",
  "current_task",
  "last_sample_error",
  "workspace_dir",
];

function asJson(value: unknown): object {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  if (typeof copy !== "object" || copy === null) throw new Error("not an object");
  return copy;
}

describe("the views of a workspace", () => {
  const database = useSharedDatabase();
  const noTimeout = () => null;

  it("have every key of the contract in its order in the list, also where there is no value", async () => {
    await addWorkspace(database.db, { name: "Bare" });
    const [row] = await new WorkspaceStore({ db: database.db }).list();
    if (row === undefined) throw new Error("no row");
    const item = asJson(toListItem(row, () => 120_000));
    expect(Object.keys(item)).to.deep.equal(LIST_KEYS);
    expect(item).to.deep.include({
      name: "Bare",
      role: null,
      agent_card: null,
      url: "",
      parent_id: null,
      workspace_dir: null,
      budget_limit: null,
      budget_used: 0,
      monthly_spend: 0,
      provision_timeout_ms: 120_000,
    });
    expect(asJson(toListItem(row, noTimeout))).not.to.have.property("provision_timeout_ms");
  });

  it("show money as whole cents, used being what was spent", async () => {
    await addWorkspace(database.db, { monthly_spend: 1_000_000_000_000, budget_limit: 5 });
    const [row] = await new WorkspaceStore({ db: database.db }).list();
    if (row === undefined) throw new Error("no row");
    const { monthly_spend, budget_used, budget_limit } = toListItem(row, noTimeout);
    expect({ monthly_spend, budget_used, budget_limit }).to.deep.equal({
      monthly_spend: 1_000_000_000_000,
      budget_used: 1_000_000_000_000,
      budget_limit: 5,
    });
  });

  it("leave out of the detail what only administrators see, and tell when it was last active outwards", async () => {
    const at = "2026-01-02T03:04:05.000Z";
    const id = await addWorkspace(database.db, { last_outbound_at: at });
    const row = await new WorkspaceStore({ db: database.db }).get(id);
    if (row === undefined) throw new Error("no row");
    const detail = asJson(toDetail(row, () => 1));
    expect(Object.keys(detail)).to.have.members([
      ...LIST_KEYS.filter((key) => !LIST_ONLY.includes(key)),
      "last_outbound_at",
    ]);
    expect(detail).to.have.property("last_outbound_at", at);
    expect(toDetail({ ...row, last_outbound_at: null }, noTimeout).last_outbound_at).to.equal(null);
  });
});
