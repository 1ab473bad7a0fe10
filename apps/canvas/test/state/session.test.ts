import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { ApiClient } from "../../dist-test/src/api/client.js";
import { Session } from "../../dist-test/src/state/session.js";
import { TokenKeeper } from "../../dist-test/src/state/token-keeper.js";
import { wireWorkspace } from "../support/examples.js";
import { HandFeed } from "../support/hand-feed.js";
import { HandTimers } from "../support/hand-timers.js";
import { startHttpServer, type Answer, type Arrived, type HttpServer } from "../support/http-server.js";

const READY: Answer = { body: { status: "ready", checks: {} } };

describe("Session", () => {
  let server: HttpServer;
  let answers: Record<string, Answer>;
  let wanted: string | null;
  let session: Session;
  let feed: HandFeed;
  let timers: HandTimers;
  let stored: Map<string, string>;

  function answer({ method, url, headers }: Arrived): Answer {
    if (url !== "/ready" && wanted !== null && headers.authorization !== `Bearer ${wanted}`)
      return { status: 401, body: { error: "admin auth required" } };
    return answers[`${method} ${url}`] ?? { status: 404, body: { error: "not found" } };
  }

  beforeEach(async () => {
    wanted = null;
    answers = {
      "GET /ready": READY,
      "GET /workspaces": { body: [wireWorkspace("a")] },
      "GET /canvas/viewport": { body: { x: 1, y: 2, zoom: 0.5 } },
    };
    server = await startHttpServer(answer);
    stored = new Map();
    const token = new TokenKeeper({
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    });
    feed = new HandFeed();
    timers = new HandTimers();
    session = new Session({
      client: new ApiClient({
        send: (url, init) => fetch(url, init),
        baseUrl: server.url,
        token: () => token.get(),
      }),
      token,
      openFeed: feed.open,
      timers,
      random: () => 1,
      nextFrame: (work) => {
        work();
      },
    });
  });

  afterEach(async () => {
    session.stop();
    await server.close();
  });

  async function phase(name: string): Promise<void> {
    await eventually(() => session.store.get().feed.name === name, { what: `the feed is ${name}` });
  }

  async function goLive(): Promise<void> {
    session.start();
    await eventually(() => feed.connections.length === 1);
    feed.last.events.opened();
    await phase("live");
  }

  function frame(event: string, id: string, payload: unknown): void {
    feed.last.events.message(JSON.stringify({ event, workspace_id: id, timestamp: "t", payload }));
  }

  it("reads the list before it connects and once more when it is connected", async () => {
    await goLive();
    const { workspaces, access } = session.store.get();
    expect([...(workspaces?.keys() ?? [])]).to.deep.equal(["a"]);
    expect(access).to.equal("granted");
    expect(server.arrived.filter(({ url }) => url === "/workspaces")).to.have.length(2);
    await eventually(() => session.store.get().viewport !== null);
    expect(session.store.get().viewport).to.deep.equal({ x: 1, y: 2, zoom: 0.5 });
  });

  it("asks for what an event leaves out", async () => {
    await goLive();
    answers["GET /workspaces/b"] = {
      body: { ...wireWorkspace("b"), role: "pmm-lead", last_outbound_at: null },
    };
    frame("WORKSPACE_PROVISIONING", "b", { name: "B", tier: 3, runtime: "demo" });
    await eventually(() => session.store.get().workspaces?.get("b")?.role === "pmm-lead");
  });

  it("asks for a token when the platform wants one, and for another when it refuses that", async () => {
    wanted = "right";
    session.start();
    await eventually(() => session.store.get().access === "needed");
    await phase("stopped");
    session.signIn("wrong");
    await eventually(() => session.store.get().access === "refused");
    expect([...stored.values()]).to.be.empty;
    await phase("stopped");
    session.signIn("right");
    await eventually(() => session.store.get().access === "granted");
    expect([...stored.values()]).to.deep.equal(["right"]);
  });

  it("reads the list anew after a lost connection, and shows what changed meanwhile", async () => {
    await goLive();
    feed.last.events.closed();
    await phase("waiting");
    answers["GET /workspaces"] = { body: [wireWorkspace("b")] };
    timers.fire(500);
    await eventually(() => feed.connections.length === 2);
    feed.last.events.opened();
    await phase("live");
    expect([...(session.store.get().workspaces?.keys() ?? [])]).to.deep.equal(["b"]);
  });

  it("keeps trying while the platform fails, and says why", async () => {
    answers["GET /workspaces"] = { status: 503, body: { error: "datastore unavailable" } };
    session.start();
    await phase("waiting");
    expect(session.store.get().problem).to.equal("datastore unavailable");
    expect(feed.connections).to.be.empty;
    answers["GET /workspaces"] = { body: [] };
    session.retryNow();
    await eventually(() => feed.connections.length === 1);
    expect(session.store.get().problem).to.equal(null);
  });

  it("finds a connection that died without a word when the host can't be reached", async () => {
    await goLive();
    await eventually(() => timers.spans.includes(30_000));
    const first = feed.last;
    await server.close();
    timers.fire(30_000);
    await phase("waiting");
    expect(first.isClosed).to.be.true;
    server = await startHttpServer(answer);
  });

  it("saves where the canvas stands once it stands still", async () => {
    await goLive();
    answers["PUT /canvas/viewport"] = { body: { status: "saved" } };
    session.viewportMoved(() => ({ x: 1, y: 1, zoom: 1 }));
    session.viewportMoved(() => ({ x: 7, y: 8, zoom: 0.5 }));
    expect(timers.spans.filter((ms) => ms === 600)).to.have.length(1);
    timers.fire(600);
    await eventually(() => server.arrived.some(({ method }) => method === "PUT"));
    expect(server.arrived.find(({ method }) => method === "PUT")?.body).to.equal('{"x":7,"y":8,"zoom":0.5}');
  });

  it("reads the list after a deletion that no event can tell it of", async () => {
    await goLive();
    feed.last.events.closed();
    await phase("waiting");
    answers["DELETE /workspaces/a"] = { body: { status: "removed", cascade_deleted: 0 } };
    answers["GET /workspaces"] = { body: [] };
    expect(await session.deleteWorkspace("a", false)).to.deep.equal({ done: true });
    await eventually(() => session.store.get().workspaces?.size === 0);
  });

  it("leaves no timer and no connection behind when it is stopped", async () => {
    await goLive();
    await eventually(() => timers.spans.length > 0);
    session.viewportMoved(() => ({ x: 1, y: 1, zoom: 1 }));
    session.stop();
    expect(timers.spans).to.be.empty;
    expect(feed.last.isClosed).to.be.true;
  });
});
