import { expect } from "chai";
import { ask, bearer } from "../ask.js";
import { ADMIN_TOKEN, usePlatforms } from "../platform.js";

describe("tenant", () => {
  const platforms = usePlatforms();

  it("hides everything but probes and the agents' routes from requests that do not name the organisation", async () => {
    const { url } = await platforms.start({ config: { orgId: "org-1" } });
    for (const org of [{}, { "X-Molecule-Org-Id": "org-2" }]) {
      for (const path of ["/workspaces", "/ready", "/openapi.json", "/ws", "/nothing"]) {
        const answer = await ask(url + path, { headers: { ...bearer(ADMIN_TOKEN), ...org } });
        expect(answer.status, path).to.equal(404);
        expect(answer.body).to.deep.equal({
          error: `no route for GET ${path}; GET /openapi.json lists the routes`,
          code: "ROUTE_NOT_FOUND",
        });
      }
    }
    expect((await ask(`${url}/health`)).status).to.equal(200);
    for (const path of ["/registry/register", "/registry/heartbeat"]) {
      expect((await ask(url + path, { method: "POST", body: "{}" })).status).to.equal(400);
    }
    expect((await ask(`${url}/registry/update-card`, { method: "POST", body: "{}" })).status).to.equal(404);
  });

  it("passes requests that name it", async () => {
    const { url } = await platforms.start({ config: { orgId: "org-1" } });
    const headers = { ...bearer(ADMIN_TOKEN), "X-Molecule-Org-Id": "org-1" };
    expect((await ask(`${url}/workspaces`, { headers })).text).to.equal("[]");
  });

  it("does not stand between a page and its preflight, which can't carry the header", async () => {
    const { url } = await platforms.start({ config: { orgId: "org-1" } });
    const headers = { Origin: "http://localhost:3000", "Access-Control-Request-Method": "GET" };
    expect((await ask(`${url}/workspaces`, { method: "OPTIONS", headers })).status).to.equal(204);
  });
});
