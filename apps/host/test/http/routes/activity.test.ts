import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { PublishedEvent } from "../../../dist/storage/event-log.js";
import { ask, bearer } from "../ask.js";
import { usePlatforms, type RunningPlatform } from "../platform.js";

describe("the routes of a workspace's activity", () => {
  const suite = usePlatforms();
  let platform: RunningPlatform;
  let events: PublishedEvent[];
  let id: string;
  let token: string;
  beforeEach(async () => {
    platform = await suite.start();
    events = [];
    platform.events.subscribe((event) => events.push(event));
    ({ id, token } = await suite.addAgent(platform));
  });

  const call = (method: string, path: string, body?: unknown) =>
    ask(`${platform.url}/workspaces/${id}/${path}`, { method, headers: bearer(token), body });

  it("keeps what an agent did, and shows it newest first, by type and source", async () => {
    const send = { activity_type: "a2a_send", method: "message/send", target_id: "x", source_id: id };
    const full = { ...send, summary: "Hello", duration_ms: 5, request_body: { a: [1] }, metadata: { k: 1 } };
    expect((await call("POST", "activity", full)).text).to.equal('{"status":"logged"}');
    await call("POST", "activity", { activity_type: "error", error_detail: "broken", status: "error" });
    expect(events.map(({ event_type }) => event_type)).to.deep.equal(["ACTIVITY_LOGGED", "ACTIVITY_LOGGED"]);
    const all = await call("GET", "activity");
    expect(all.body).to.have.length(2);
    expect(all.text).to.match(
      /^\[{"id":"[^"]+","workspace_id":"[^"]+","activity_type":"error","source_id":null,"target_id":null,"method":null,"summary":null,"duration_ms":null,"status":"error","error_detail":"broken","created_at":"[^"]+"},/,
    );
    expect(all.text).to.contain('"request_body":{"a":[1]},"metadata":{"k":1}}]');
    expect((await call("GET", "activity?type=a2a_send")).body).to.have.length(1);
    expect((await call("GET", "activity?source=canvas")).text).to.contain('"error_detail":"broken"');
    expect((await call("GET", "activity?source=agent")).text).to.contain('"summary":"Hello"');
    expect((await call("GET", "activity?limit=1")).body).to.have.length(1);
    expect((await call("GET", "activity?limit=100000")).status).to.equal(200);
  });

  it("lets nobody speak in another workspace's name", async () => {
    const answer = await call("POST", "activity", { activity_type: "error", source_id: randomUUID() });
    expect(answer.status).to.equal(403);
    expect(answer.body).to.deep.include({ code: "ACTIVITY_SOURCE_FOREIGN" });
  });

  it("tells people a message, and keeps it as one that the canvas shows", async () => {
    const file = { uri: "workspace:/a.txt", name: "a.txt", mimeType: "text/plain", size: 3 };
    const answer = await call("POST", "notify", { message: "Done", attachments: [file] });
    expect(answer.text).to.equal('{"status":"sent"}');
    expect(events[0]).to.deep.include({
      event_type: "AGENT_MESSAGE",
      workspace_id: id,
      payload: { message: "Done", name: "Test", attachments: [file] },
    });
    const kept = await call("GET", "activity?source=canvas");
    expect(kept.text)
      .to.contain('"activity_type":"a2a_receive","source_id":null,"target_id":null,"method":"notify"')
      .and.contain(
        `"response_body":{"result":"Done","parts":[{"kind":"file","file":${JSON.stringify(file)}}]}`,
      );
    expect((await call("POST", "notify", { message: "" })).status).to.equal(400);
  });
});
