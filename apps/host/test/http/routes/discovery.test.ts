import { expect } from "chai";
import { addWorkspace } from "../../storage/databases.js";
import { ask, bearer } from "../ask.js";
import { ADMIN_TOKEN, usePlatforms, type RunningPlatform } from "../platform.js";

describe("the routes by which agents find each other", () => {
  const suite = usePlatforms();
  let platform: RunningPlatform;
  let id: string;
  let token: string;
  let sibling: string;
  beforeEach(async () => {
    platform = await suite.start();
    ({ id, token } = await suite.addAgent(platform));
    sibling = await addWorkspace(suite.database.db, {
      name: "Sister",
      role: "writer",
      url: "http://localhost:9",
      external: true,
    });
  });

  const discover = (target: string, caller = id, as = token) =>
    ask(`${platform.url}/registry/discover/${target}`, {
      headers: { ...bearer(as), "X-Workspace-ID": caller },
    });

  it("shows siblings, children and parent, and finds some by name or role", async () => {
    const child = await addWorkspace(suite.database.db, { name: "Child", parent_id: id });
    await addWorkspace(suite.database.db, { name: "Grandchild", parent_id: child });
    await addWorkspace(suite.database.db, { name: "Gone", status: "removed" });
    const peers = (query = "") =>
      ask(`${platform.url}/registry/${id}/peers${query}`, { headers: bearer(token) });
    const all = await peers();
    expect(all.body).to.have.length(2);
    expect(all.text).to.contain(
      `[{"id":"${sibling}","name":"Sister","role":"writer","tier":2,"status":"online","url":"http://localhost:9","parent_id":null,"active_tasks":0,"agent_card":null},{"id":"${child}"`,
    );
    expect((await peers("?q=WRIT")).body).to.have.length(1);
    expect((await peers("?q=nobody")).text).to.equal("[]");
  });

  it("tells where a related workspace is, and nobody else's agent", async () => {
    expect((await discover(sibling)).text).to.equal(
      `{"id":"${sibling}","url":"http://localhost:9","name":"Sister"}`,
    );
    const cousin = await addWorkspace(suite.database.db, { parent_id: sibling, url: "http://localhost:9" });
    expect((await discover(cousin)).body).to.deep.include({ code: "PEER_NOT_ALLOWED" });
    expect((await discover(sibling, sibling)).status).to.equal(401);
    expect((await discover(sibling, sibling, ADMIN_TOKEN)).status).to.equal(200);
    expect((await discover(sibling, "")).body).to.deep.include({
      error: "X-Workspace-ID header is required",
    });
  });

  it("answers 503 with the status of one that can't be called", async () => {
    const paused = await addWorkspace(suite.database.db, { status: "paused", url: "http://localhost:9" });
    const answer = await discover(paused);
    expect(answer.status).to.equal(503);
    expect(answer.body).to.deep.include({ status: "paused", code: "PEER_NOT_REACHABLE" });
  });

  it("sees at once who was moved away", async () => {
    expect((await discover(sibling)).status).to.equal(200);
    const elsewhere = await addWorkspace(suite.database.db);
    await suite.database.db
      .updateTable("workspaces")
      .set({ parent_id: elsewhere })
      .where("id", "=", sibling)
      .execute();
    expect((await discover(sibling)).status).to.equal(403);
  });

  it("tells any token holder whether two may talk", async () => {
    const check = (callerId: string, targetId: string) =>
      ask(`${platform.url}/registry/check-access`, {
        method: "POST",
        headers: bearer(token),
        body: { caller_id: callerId, target_id: targetId },
      });
    expect((await check(id, sibling)).text).to.equal('{"allowed":true}');
    expect((await check(id, id)).text).to.equal('{"allowed":true}');
    const child = await addWorkspace(suite.database.db, { parent_id: sibling });
    expect((await check(id, child)).text).to.equal('{"allowed":false}');
  });
});
