import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { isRecord } from "../../dist/http/record.js";
import { bearer } from "../http/ask.js";
import { DEVELOPMENT, usePlatforms } from "../http/platform.js";

describe("GET /metrics", () => {
  const platforms = usePlatforms();

  it("is open, is Prometheus text, and counts requests by route and not by path", async () => {
    const { url } = await platforms.start({ config: DEVELOPMENT });
    const id = "00000000-0000-4000-8000-00000000abcd";
    await fetch(`${url}/workspaces/${id}`);
    await fetch(`${url}/nothing/${id}`);
    await fetch(`${url}/workspaces`, { method: "POST", body: "{" });
    const answer = await fetch(`${url}/metrics`);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get("content-type")).to.equal("text/plain; version=0.0.4; charset=utf-8");
    const text = await answer.text();
    const count = (method: string, route: string, status: string) =>
      `molecule_http_requests_total{method="${method}",route="${route}",status="${status}"} 1\n`;
    expect(text).to.contain(count("GET", "/workspaces/:id", "4xx"));
    expect(text).to.contain(count("GET", "none", "4xx"));
    expect(text).to.contain(count("POST", "/workspaces", "4xx"));
    expect(text).not.to.contain(id);
  });

  it("counts a provision by runtime and outcome, with no workspace id anywhere", async () => {
    const { url } = await platforms.start({ config: DEVELOPMENT });
    const body = JSON.stringify({ name: "Hello", runtime: "demo" });
    const headers = { "content-type": "application/json" };
    const created: unknown = await (
      await fetch(`${url}/workspaces`, { method: "POST", headers, body })
    ).json();
    const id = isRecord(created) ? String(created.id) : "";
    const text = await eventually(async () => {
      const now = await (await fetch(`${url}/metrics`)).text();
      return now.includes("molecule_provisions_total{") ? now : undefined;
    });
    expect(text).to.contain('molecule_provisions_total{runtime="demo",outcome="failed"} 1\n');
    expect(text).to.contain('molecule_provision_duration_seconds_count{runtime="demo",outcome="failed"} 1\n');
    expect(text).not.to.contain(id).and.not.to.contain(id.slice(0, 12));
  });

  it("needs the METRICS_TOKEN where one is set, and takes no other token for it, in development too", async () => {
    const config = { ...DEVELOPMENT, adminToken: "admin-secret", metricsToken: "metrics-secret" };
    const { url } = await platforms.start({ config });
    const ask = async (headers: Record<string, string>) => await fetch(`${url}/metrics`, { headers });
    expect((await ask({})).status).to.equal(401);
    expect((await ask(bearer("admin-secret"))).status).to.equal(401);
    expect((await ask(bearer("metrics-secret-and-more"))).status).to.equal(401);
    expect((await ask(bearer("metrics-secret"))).status).to.equal(200);
    const refused: unknown = await (await ask({})).json();
    expect(refused).to.have.property("code", "METRICS_TOKEN_REQUIRED");
    const workspaces = await fetch(`${url}/workspaces`, { headers: bearer("metrics-secret") });
    expect(workspaces.status).to.equal(401);
  });
});
