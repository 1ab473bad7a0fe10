import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { EnvLedgerStore } from "../../../dist/storage/env-ledger-store.js";
import type { PublishedEvent } from "../../../dist/storage/event-log.js";
import { addWorkspace } from "../../storage/databases.js";
import { ask, bearer } from "../ask.js";
import { ADMIN_TOKEN, usePlatforms, type RunningPlatform } from "../platform.js";

describe("the routes of a workspace's life", () => {
  const suite = usePlatforms();
  let platform: RunningPlatform;
  let events: PublishedEvent[];
  beforeEach(async () => {
    platform = await suite.start();
    events = [];
    platform.events.subscribe((event) => events.push(event));
  });

  const call = (method: string, path: string, body?: unknown, token = ADMIN_TOKEN) =>
    ask(`${platform.url}${path}`, { method, headers: bearer(token), body });
  const read = (id: string) =>
    suite.database.db.selectFrom("workspaces").selectAll().where("id", "=", id).executeTakeFirstOrThrow();

  describe("GET /workspaces/:id/env", () => {
    it("answers the attempt that runs, also while a rollout prepares the next one or was taken back", async () => {
      const { db } = suite.database;
      const id = await addWorkspace(db, { attempt: 2 });
      const store = new EnvLedgerStore({ db });
      const ledger = (value: string) => ({
        variables: { A: [{ key: "A", value }] },
        files: [],
        mutators: [],
      });
      expect((await call("GET", `/workspaces/${id}/env`)).text).to.contain("ENV_LEDGER_NOT_FOUND");
      await store.save(db, id, 2, ledger("runs"));
      await store.save(db, id, 3, ledger("never ran"));
      const answer = await call("GET", `/workspaces/${id}/env`);
      expect(answer.body).to.include({ attempt: 2 });
      expect(answer.text).to.contain('"runs"').and.not.contain("never ran");
    });
  });

  describe("PATCH /workspaces/:id", () => {
    it("changes what is named, tells it, and says what needs a restart", async () => {
      const parent = await addWorkspace(suite.database.db);
      const id = await addWorkspace(suite.database.db);
      const change = { name: "New", role: "pmm", tier: 1, parent_id: parent, unknown: 1 };
      expect((await call("PATCH", `/workspaces/${id}`, change)).text).to.equal('{"status":"updated"}');
      expect(await read(id)).to.include({ name: "New", role: "pmm", tier: 1, parent_id: parent });
      const told = { name: "New", role: "pmm", tier: 1, parent_id: parent };
      expect(events.at(-1)).to.deep.include({ event_type: "WORKSPACE_UPDATED", payload: told });
      for (const restarts of [{ workspace_dir: "/srv/work" }, { runtime: "langgraph" }]) {
        expect((await call("PATCH", `/workspaces/${id}`, restarts)).text).to.equal(
          '{"status":"updated","needs_restart":true}',
        );
        expect((await call("PATCH", `/workspaces/${id}`, restarts)).text).to.equal('{"status":"updated"}');
      }
      expect((await call("PATCH", `/workspaces/${id}`, { parent_id: null, role: null })).status).to.equal(
        200,
      );
      expect(await read(id)).to.include({ role: null, parent_id: null, budget_limit: null });
    });

    it("takes what somebody wants for the image, and asks for a restart only where another one runs", async () => {
      const [runs, other] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];
      const id = await addWorkspace(suite.database.db, { image_digest: runs });
      for (const [change, answer] of [
        [{ image_opt_out: true, image_pin: runs }, '{"status":"updated"}'],
        [{ image_pin: other }, '{"status":"updated","needs_restart":true}'],
      ] as const) {
        expect((await call("PATCH", `/workspaces/${id}`, change)).text).to.equal(answer);
        expect(await read(id)).to.include({ image_opt_out: true, ...change });
        expect(events.at(-1)).to.deep.include({ event_type: "WORKSPACE_UPDATED", payload: change });
      }
      const none = { image_opt_out: false, image_pin: null };
      expect((await call("PATCH", `/workspaces/${id}`, none)).text).to.equal('{"status":"updated"}');
      expect(await read(id)).to.include(none);
    });

    it("tells a move on the canvas without keeping it", async () => {
      const id = await addWorkspace(suite.database.db);
      await call("PATCH", `/workspaces/${id}`, { x: 1.5, y: -2, collapsed: true, budget_limit: 5 });
      expect(await read(id)).to.include({ x: 1.5, y: -2, collapsed: true, budget_limit: null });
      expect(events.at(-1)).to.deep.include({ payload: { collapsed: true, x: 1.5, y: -2 } });
      expect(await platform.events.list({ limit: 10 })).to.deep.equal([]);
    });

    it("changes nothing when one field is refused", async () => {
      const id = await addWorkspace(suite.database.db, { name: "Old" });
      const child = await addWorkspace(suite.database.db, { parent_id: id });
      const gone = await addWorkspace(suite.database.db, { status: "removed" });
      const refusals: readonly [unknown, string][] = [
        [{ name: "New", tier: 0 }, "INVALID_WORKSPACE_PAYLOAD"],
        [{ name: "New", role: "a\nb" }, "INVALID_WORKSPACE_FIELDS"],
        [{ name: " " }, "INVALID_WORKSPACE_FIELDS"],
        [{ name: "New", image_pin: "latest" }, "INVALID_WORKSPACE_FIELDS"],
        [{ name: "New", image_opt_out: "yes" }, "INVALID_WORKSPACE_PAYLOAD"],
        [{ name: "New", workspace_dir: "relative" }, "INVALID_WORKSPACE_DIR"],
        [{ name: "New", runtime: "nothing" }, "UNKNOWN_RUNTIME"],
        [{ name: "New", runtime: "external" }, "UNKNOWN_RUNTIME"],
        [{ name: "New", parent_id: randomUUID() }, "UNKNOWN_PARENT"],
        [{ name: "New", parent_id: gone }, "UNKNOWN_PARENT"],
        [{ name: "New", parent_id: id }, "PARENT_CYCLE"],
        [{ name: "New", parent_id: child }, "PARENT_CYCLE"],
      ];
      for (const [body, code] of refusals) {
        const answer = await call("PATCH", `/workspaces/${id}`, body);
        expect(answer.status, answer.text).to.equal(400);
        expect(answer.body).to.deep.include({ code });
      }
      expect(await read(id)).to.include({ name: "Old", parent_id: null });
      expect((await call("PATCH", `/workspaces/${gone}`, { name: "New" })).status).to.equal(404);
    });

    it("makes no ring of two moves at once", async () => {
      const [a, b] = [await addWorkspace(suite.database.db), await addWorkspace(suite.database.db)];
      for (let round = 0; round < 10; round += 1) {
        await suite.database.db.updateTable("workspaces").set({ parent_id: null }).execute();
        const answers = await Promise.all([
          call("PATCH", `/workspaces/${a}`, { parent_id: b }),
          call("PATCH", `/workspaces/${b}`, { parent_id: a }),
        ]);
        expect(answers.map(({ status }) => status)).to.have.members([200, 400]);
      }
    });
  });

  it("pauses and resumes with a workspace's own token, and its state tells", async () => {
    const { id, token } = await suite.addAgent(platform);
    await suite.database.db.updateTable("workspaces").set({ external: true }).where("id", "=", id).execute();
    const path = `/workspaces/${id}`;
    expect((await call("POST", `${path}/pause`, undefined, token)).text).to.equal(
      '{"status":"paused","paused_count":1}',
    );
    expect((await call("GET", `${path}/state`, undefined, token)).text).to.equal(
      `{"workspace_id":"${id}","status":"paused","paused":true,"deleted":false}`,
    );
    expect((await call("POST", `${path}/resume`, undefined, token)).text).to.equal(
      '{"status":"provisioning","resumed_count":1}',
    );
    expect((await call("POST", `${path}/restart`)).body).to.deep.include({ code: "WORKSPACE_EXTERNAL" });
    expect(events.map(({ event_type }) => event_type)).to.deep.equal([
      "WORKSPACE_PAUSED",
      "WORKSPACE_OFFLINE",
    ]);
  });

  it("answers 409 to a restart below a paused parent, and 503 without a container runtime", async () => {
    const parent = await addWorkspace(suite.database.db, { name: "Lead", status: "paused" });
    const child = await addWorkspace(suite.database.db, { parent_id: parent });
    const answer = await call("POST", `/workspaces/${child}/restart`);
    expect([answer.status, answer.text]).to.deep.equal([
      409,
      '{"error":"parent workspace \\"Lead\\" is paused — resume it first","code":"PARENT_PAUSED"}',
    ]);
    const alone = await addWorkspace(suite.database.db);
    const none = await call("POST", `/workspaces/${alone}/restart`);
    expect([none.status, none.text]).to.deep.equal([
      503,
      '{"error":"provisioner not available","code":"PROVISIONER_NOT_AVAILABLE"}',
    ]);
    expect((await read(alone)).status).to.equal("online");
  });

  it("shows and sets a budget, also of a removed workspace", async () => {
    const id = await addWorkspace(suite.database.db, { monthly_spend: 70, status: "removed" });
    const path = `/workspaces/${id}/budget`;
    expect((await call("GET", path)).text).to.equal(
      '{"budget_limit":null,"monthly_spend":70,"budget_remaining":null}',
    );
    expect((await call("PATCH", path, { budget_limit: 50 })).text).to.equal(
      '{"budget_limit":50,"monthly_spend":70,"budget_remaining":-20}',
    );
    expect((await call("PATCH", path, { budget_limit: null })).body).to.include({ budget_limit: null });
    const { token } = await suite.addAgent(platform);
    expect((await call("PATCH", path, { budget_limit: 1 }, token)).status).to.equal(401);
  });

  it("shows zeroes for the use of models on this UTC day", async () => {
    const id = await addWorkspace(suite.database.db);
    expect((await call("GET", `/workspaces/${id}/metrics`)).text).to.match(
      /^{"input_tokens":0,"output_tokens":0,"total_calls":0,"estimated_cost_usd":"0.000000","period_start":"\d{4}-\d\d-\d\dT00:00:00.000Z","period_end":"\d{4}-\d\d-\d\dT00:00:00.000Z"}$/,
    );
  });

  it("takes a tree out as a bundle and in again with new ids, without what is secret", async () => {
    const create = async (fields: object) => {
      const { body } = await call("POST", "/workspaces", fields);
      return typeof body === "object" && body !== null && "id" in body ? String(body.id) : "none";
    };
    const root = await create({ name: "Lead", role: "lead", runtime: "demo", model: "m", tier: 2 });
    await create({ name: "Helper", runtime: "langgraph", parent_id: root });
    const bundle = await call("GET", `/bundles/export/${root}`);
    expect(bundle.text).to.match(
      new RegExp(
        `^{"schema":"1.0","id":"${root}","name":"Lead","description":"lead","tier":2,"runtime":"demo","model":"m","skills":\\[\\],"tools":\\[\\],"prompts":{},"sub_workspaces":\\[{"schema":"1.0",.*"name":"Helper",.*}\\],"agent_card":null,"author":"","version":"1.0.0"}$`,
      ),
    );
    const imported = await call("POST", "/bundles/import", bundle.body);
    expect(imported.status, imported.text).to.equal(201);
    expect(imported.text).to.match(
      /^{"workspace_id":"[^"]+","name":"Lead","status":"provisioning","children":\[{"workspace_id":"[^"]+","name":"Helper","status":"provisioning"}\]}$/,
    );
    expect(imported.text).not.to.contain(root);
    const refused = await call("POST", "/bundles/import", {
      name: "Half",
      runtime: "demo",
      sub_workspaces: [{ name: "No", runtime: "nothing" }],
    });
    expect(refused.body).to.deep.include({ code: "UNKNOWN_RUNTIME" });
    await eventually(async () => !(await call("GET", "/workspaces")).text.includes("Half"));
  });
});
