import { expect } from "chai";
import type { LiveEvent } from "../../dist-test/src/api/events.js";
import { LiveFeed, retryDelay, type FeedVerdict } from "../../dist-test/src/api/live-feed.js";
import { HandFeed } from "../support/hand-feed.js";
import { HandTimers } from "../support/hand-timers.js";

/** Lets what was resolved go on. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function build() {
  const timers = new HandTimers();
  const sockets = new HandFeed();
  const phases: string[] = [];
  const events: LiveEvent[] = [];
  const verdicts: { prepare: FeedVerdict; opened: FeedVerdict } = { prepare: "go", opened: "go" };
  const feed = new LiveFeed({
    open: sockets.open,
    timers,
    random: () => 1,
    owner: {
      prepare: () => Promise.resolve(verdicts.prepare),
      opened: () => Promise.resolve(verdicts.opened),
      event: (event) => events.push(event),
      phase: (phase) => phases.push(phase.name),
    },
  });
  return { feed, timers, sockets, phases, events, verdicts };
}

describe("LiveFeed", () => {
  it("is live once it is connected and its owner has caught up, and passes events on", async () => {
    const { feed, sockets, phases, events } = build();
    feed.start();
    await turn();
    sockets.last.events.opened();
    await turn();
    sockets.last.events.message('{"event":"E","workspace_id":"w","timestamp":"t","payload":{"a":1}}');
    expect(phases).to.deep.equal(["connecting", "live"]);
    expect(events).to.deep.equal([{ event: "E", workspaceId: "w", timestamp: "t", payload: { a: 1 } }]);
  });

  it("overlooks frames that are no events", async () => {
    const { feed, sockets, events } = build();
    feed.start();
    await turn();
    sockets.last.events.opened();
    for (const frame of ["not JSON", "[]", '{"event":7}', new ArrayBuffer(2)]) {
      sockets.last.events.message(frame);
    }
    expect(events).to.deep.equal([]);
  });

  it("connects again after ever longer waits, and after short ones once it was live", async () => {
    const { feed, timers, sockets, phases } = build();
    feed.start();
    await turn();
    for (const wait of [500, 1000, 2000]) {
      sockets.last.events.closed();
      expect(timers.spans).to.deep.equal([wait]);
      timers.fire(wait);
      await turn();
    }
    expect(phases).to.deep.equal(["connecting", "waiting", "waiting", "waiting"]);
    sockets.last.events.opened();
    await turn();
    sockets.last.events.closed();
    expect(timers.spans).to.deep.equal([500]);
    feed.stop();
  });

  it("waits like after a lost connection when its owner can't catch up", async () => {
    const { feed, timers, sockets, phases, verdicts } = build();
    verdicts.opened = "retry";
    feed.start();
    await turn();
    sockets.last.events.opened();
    await turn();
    expect(sockets.last.isClosed).to.be.true;
    expect(phases).to.deep.equal(["connecting", "waiting"]);
    expect(timers.spans).to.deep.equal([500]);
    feed.stop();
  });

  it("does not connect when its owner says stop, until it is started again", async () => {
    const { feed, timers, sockets, phases, verdicts } = build();
    verdicts.prepare = "stop";
    feed.start();
    await turn();
    expect(phases).to.deep.equal(["connecting", "stopped"]);
    expect(sockets.connections).to.be.empty;
    expect(timers.spans).to.be.empty;
    verdicts.prepare = "go";
    feed.start();
    await turn();
    expect(sockets.connections).to.have.length(1);
  });

  it("begins anew at once when it is started while it waits", async () => {
    const { feed, timers, sockets } = build();
    feed.start();
    await turn();
    sockets.last.events.closed();
    feed.start();
    await turn();
    expect(timers.spans).to.be.empty;
    expect(sockets.connections).to.have.length(2);
  });

  it("leaves nothing behind when it is stopped, and heeds its old connection no more", async () => {
    const { feed, timers, sockets, phases, events } = build();
    feed.start();
    await turn();
    sockets.last.events.opened();
    feed.stop();
    await turn();
    sockets.last.events.message('{"event":"E"}');
    sockets.last.events.closed();
    expect(sockets.last.isClosed).to.be.true;
    expect(timers.spans).to.be.empty;
    expect(events).to.be.empty;
    expect(phases).to.deep.equal(["connecting", "stopped"]);
  });
});

describe("retryDelay", () => {
  it("doubles up to 15 s, of which chance takes up to half", () => {
    expect([1, 2, 3, 6, 50].map((failures) => retryDelay(failures, () => 1))).to.deep.equal([
      500, 1000, 2000, 15_000, 15_000,
    ]);
    expect(retryDelay(1, () => 0)).to.equal(250);
  });
});
