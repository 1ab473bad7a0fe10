import { expect } from "chai";
import { field } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";

// DNS that changes afterwards: apps/host/test/workspaces/discovery.test.ts, with a resolver that does.
const INWARD = [
  "http://169.254.169.254/latest/meta-data",
  "http://127.0.0.1:8000",
  "http://[::1]:8000",
  "http://[::ffff:169.254.169.254]/",
  "http://[::ffff:7f00:1]:8000",
  "http://[64:ff9b::a9fe:a9fe]/",
  "http://2130706433:8000",
  "http://0177.0.0.1/",
  "http://10.0.0.5:8000",
  "http://100.100.100.200/",
  "http://ip6-localhost:8000",
  "http://localhost.:8000",
  "http://user:password@example.com/",
  "gopher://example.com/",
];

describe("fault 45: an agent gives an address that points inward", function () {
  this.timeout(120_000);
  let host: RunningHost;
  before(async () => {
    host = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "none" } });
  });
  after(() => host.stop());

  for (const url of INWARD) {
    it(`is refused ${url} at its creation and at its registration, and stays where it was`, async () => {
      const created = await host.api("POST", "/workspaces", { name: "Far", external: true, url });
      expect([created.status, field(created.body, "code")]).to.deep.equal([400, "AGENT_URL_REFUSED"]);

      const waiting = await host.api("POST", "/workspaces", { name: "Far", external: true });
      const id = String(field(waiting.body, "id"));
      const headers = { Authorization: `Bearer ${String(field(waiting.body, "connection", "auth_token"))}` };
      const registered = await host.api("POST", "/registry/register", { id, url, agent_card: {} }, headers);
      expect([registered.status, field(registered.body, "code")]).to.deep.equal([400, "AGENT_URL_REFUSED"]);
      const after = await host.api("GET", `/workspaces/${id}`);
      expect(after.body).to.deep.include({ status: "awaiting_agent", url: "" });
      await host.api("DELETE", `/workspaces/${id}?purge=true`);
    });
  }

  it("is refused a private one for a workspace that was never brought up here, external or not", async () => {
    const created = await host.api("POST", "/workspaces", { name: "Never up", runtime: "langgraph" });
    const id = String(field(created.body, "id"));
    const failed = async () =>
      field((await host.api("GET", `/workspaces/${id}`)).body, "status") === "failed";
    await eventually(failed, { what: "the provision fails, for want of a container runtime" });
    const { body } = await host.api("POST", `/workspaces/${id}/tokens`);
    const headers = { Authorization: `Bearer ${String(field(body, "auth_token"))}` };
    const register = (url: string) =>
      host.api("POST", "/registry/register", { id, url, agent_card: {} }, headers);
    const refused = await register("http://10.0.0.5:6379");
    expect([refused.status, field(refused.body, "code")]).to.deep.equal([400, "AGENT_URL_REFUSED"]);
    expect((await register("http://93.184.216.34:8000")).status).to.equal(200);
  });
});
