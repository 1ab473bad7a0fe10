import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { startHost, type ApiAnswer, type RunningHost } from "@molecule/test/support/host.js";
import { isRecord } from "../../dist/http/record.js";
import { bearer } from "./ask.js";
import { NOBODY, ROWS } from "./contract-rows.js";
import { Description } from "./described.js";

const NO_RUNTIME = "no container runtime is available on this platform instance";

describe("the contract of the HTTP API", function () {
  this.timeout(60_000);
  let host: RunningHost;
  let description: Description;
  before(async function () {
    this.timeout(240_000);
    host = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "none" } });
    description = new Description((await host.api("GET", "/openapi.json")).body);
  });
  after(() => host.stop());

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<ApiAnswer> {
    const answer = await host.api(method, path, body, headers);
    description.expectDescribed(method, path, answer);
    return answer;
  }

  for (const { request, status, text } of ROWS) {
    const [method, path, body] = request;
    const title = `${method} ${path.replace(NOBODY, "<unknown>")}${body === undefined ? "" : ` ${JSON.stringify(body).replace(NOBODY, "<unknown>").slice(0, 60)}`}`;
    it(`answers ${status} to ${title}`, async () => {
      const answer = await call(...request);
      expect(answer.status, answer.text).to.equal(status);
      if (typeof text === "string") expect(answer.text).to.equal(text);
      else expect(answer.text).to.match(text);
    });
  }

  it("fails a workspace that nothing can run, after it was created all the same", async () => {
    const created = await call("POST", "/workspaces", { name: "Hello", runtime: "demo", unknown: 1 });
    expect(created.status).to.equal(201);
    const id = textField(created, "id");
    expect(created.text).to.equal(`{"id":"${id}","status":"provisioning","workspace_access":"none"}`);
    const failed = await eventually(async () => {
      const list = await call("GET", "/workspaces");
      return list.text.includes('"status":"failed"') ? list : undefined;
    });
    expect(failed.text).to.contain(`"last_sample_error":"${NO_RUNTIME}"`);
    await call("DELETE", `/workspaces/${id}`);
  });

  it("brings an agent from its first registration through its life to its end", async () => {
    const created = await call("POST", "/workspaces", { name: "Hello", external: true });
    const id = textField(created, "id");
    const path = `/workspaces/${id}`;
    const headers = bearer(/"auth_token":"([\w-]{43})"/.exec(created.text)?.[1] ?? "");
    const card = { name: "Hello", skills: [{ id: "a" }] };
    const register = { id, url: "http://localhost:9", agent_card: card };
    expect((await call("POST", "/registry/register", register)).status).to.equal(401);
    const registered = await call("POST", "/registry/register", register, headers);
    expect(registered.text).to.equal('{"status":"registered"}');
    const heartbeat = {
      workspace_id: id,
      error_rate: 0,
      active_tasks: 2,
      current_task: "t",
      uptime_seconds: 5,
      monthly_spend: 7,
    };
    const answer = await call("POST", "/registry/heartbeat", heartbeat, headers);
    expect(answer.text).to.equal('{"status":"ok"}');
    const updated = await call(
      "POST",
      "/registry/update-card",
      { workspace_id: id, agent_card: { name: "New" } },
      headers,
    );
    expect(updated.text).to.equal('{"status":"updated"}');

    const list = await call("GET", "/workspaces");
    expect(list.body).to.have.length(1);
    expect(list.text).to.contain('"agent_card":{"name":"New"},"url":"http://localhost:9"');
    expect(list.text)
      .to.contain('"current_task":"t"')
      .and.contain('"monthly_spend":7,"budget_limit":null,"budget_used":7');
    const detail = await call("GET", path, undefined, headers);
    expect(detail.body).to.include({ id, status: "online", active_tasks: 2, last_outbound_at: null });
    expect((await call("GET", `${path}/state`)).text).to.equal(
      `{"workspace_id":"${id}","status":"online","paused":false,"deleted":false}`,
    );
    expect((await call("GET", `${path}/console`)).status).to.equal(501);

    const child = await call("POST", "/workspaces", { name: "Child", runtime: "demo", parent_id: id });
    const childId = textField(child, "id");
    const unconfirmed = await call("DELETE", path);
    expect(unconfirmed.status).to.equal(409);
    expect(unconfirmed.body).to.deep.include({
      status: "confirmation_required",
      children: [{ id: childId, name: "Child" }],
      children_count: 1,
    });
    expect((await call("DELETE", `${path}?confirm=1`)).status).to.equal(409);
    expect((await call("DELETE", `${path}?confirm=true`)).text).to.equal(
      '{"status":"removed","cascade_deleted":1}',
    );
    expect((await call("DELETE", `${path}?confirm=true`)).text).to.equal(
      '{"status":"removed","cascade_deleted":0}',
    );
    expect((await call("GET", "/workspaces")).text).to.equal("[]");
    expect((await call("GET", path)).body).to.include({ id, status: "removed" });
    expect((await call("GET", `${path}/state`)).text).to.equal(`{"workspace_id":"${id}","deleted":true}`);
    expect((await call("POST", "/registry/heartbeat", heartbeat, headers)).status).to.equal(401);

    const events = await call("GET", `/events/${id}`);
    expect(eventTypes(events)).to.deep.equal([
      "WORKSPACE_REMOVED",
      "AGENT_CARD_UPDATED",
      "WORKSPACE_ONLINE",
      "WORKSPACE_AWAITING_AGENT",
    ]);
    const [oldest] = ids(events).slice(-1);
    const after = await call("GET", `/events/${id}?after=${oldest ?? ""}`);
    expect(eventTypes(after)).to.deep.equal(eventTypes(events).slice(0, -1).reverse());
    expect(ids(after)).to.deep.equal(ids(events).slice(0, -1).reverse());
  });

  it("tells where the variables of a workspace come from, all or one", async () => {
    const id = textField(
      await call("POST", "/workspaces", { name: "Env", runtime: "demo", role: "pmm-lead" }),
      "id",
    );
    const path = `/workspaces/${id}/env`;
    const whole = await eventually(async () => {
      const answer = await call("GET", path);
      return answer.status === 200 ? answer : undefined;
    });
    expect(whole.body).to.include({ workspace_id: id, attempt: 1 });
    expect(whole.text).to.contain(`🤖 [Agent: Pmm-Lead · ws-${id.slice(0, 8)}]`);
    const one = await call("GET", `${path}?key=MOLECULE_AGENT_ROLE`);
    if (!isRecord(one.body) || !isRecord(one.body.variables)) throw new Error(one.text);
    expect(Object.keys(one.body.variables)).to.deep.equal(["MOLECULE_AGENT_ROLE"]);
    for (const key of ["NOTHING", "__proto__", "toString", "%00"]) {
      expect((await call("GET", `${path}?key=${key}`)).text, key).to.contain('"variables":{}');
    }
    await call("DELETE", `/workspaces/${id}?purge=true`);
    expect((await call("GET", path)).status).to.equal(404);
  });

  it("gives an external workspace what its operator needs to connect it", async () => {
    const waiting = await call("POST", "/workspaces", { name: "Far", external: true });
    const id = textField(waiting, "id");
    expect(waiting.body).to.deep.include({ id, external: true, status: "awaiting_agent" });
    expect(waiting.text).to.match(
      /"connection":{"workspace_id":.*"platform_url":.*"auth_token":.*"registry_endpoint":.*"heartbeat_endpoint":.*"curl_register_template":/,
    );
    await call("DELETE", `/workspaces/${id}`);
  });

  it("pauses, resumes and runs a loop", async () => {
    const loops = await call("GET", "/admin/loops");
    const name = /"loops":\[{"name":"([^"]+)"/.exec(loops.text)?.[1] ?? "";
    const control = (action: string) => call("POST", `/admin/loops/${name}`, { action });
    expect((await control("pause")).text).to.equal('{"status":"ok","action":"pause","report":null}');
    // A tick that was under way ends first.
    await eventually(async () =>
      (await call("GET", "/admin/loops")).text.includes(`"name":"${name}","plugin":"host","state":"paused"`),
    );
    const run = await eventually(async () => {
      const answer = await control("run");
      return answer.status === 200 ? answer : undefined;
    });
    expect(run.text).to.match(/^{"status":"ok","action":"run","report":{"ok":true,/);
    expect((await control("resume")).text).to.equal('{"status":"ok","action":"resume","report":null}');
    const liveness = await call("GET", "/admin/liveness");
    expect(liveness.text).to.match(new RegExp(`"${name}":{"last_tick_at":"[^"]+","seconds_ago":\\d+}`));
  });

  it("is closed to everybody without the token that it made for itself, unless in development", async function () {
    this.timeout(240_000);
    const strict = await startHost({ env: { CONTAINER_RUNTIME: "none" } });
    const token = (await readFile(join(strict.dataDir, "admin-token"), "utf8")).trim();
    expect((await strict.api("GET", "/workspaces")).text).to.equal(
      '{"error":"admin auth required","code":"ADMIN_AUTH_REQUIRED"}',
    );
    expect((await strict.api("GET", "/workspaces", undefined, bearer(token))).text).to.equal("[]");
    expect(JSON.stringify(strict.lines)).not.to.contain(token);
    expect(await strict.stop()).to.equal(0);
  });
});

function textField({ body, text }: ApiAnswer, name: string): string {
  const value = isRecord(body) ? body[name] : undefined;
  if (typeof value !== "string") throw new Error(`no ${name} in ${text}`);
  return value;
}

function eventTypes({ body }: ApiAnswer): unknown[] {
  return Array.isArray(body)
    ? body.map((event: unknown) => (isRecord(event) ? event.event_type : undefined))
    : [];
}

function ids({ body }: ApiAnswer): number[] {
  return Array.isArray(body) ? body.map((event: unknown) => (isRecord(event) ? Number(event.id) : NaN)) : [];
}
