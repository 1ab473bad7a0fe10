import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { silentLogger, type Clock } from "@molecule/core";
import { ManualClock } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { WebSocketServer } from "ws";
import { WebSocketClients } from "../../dist/http/websocket-clients.js";
import { connected } from "./ws-client.js";

/** How long a write takes here, in ms. */
const SLOW_MS = 50;

describe("WebSocketClients", () => {
  let server: Server;
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const manual = new ManualClock();
  /** Ms that writes have taken. */
  let written: number;
  const clock: Clock = {
    now: () => manual.now(),
    monotonic: () => manual.monotonic() + written,
    timer: (callback, delayMs) => manual.timer(callback, delayMs),
  };
  let clients: WebSocketClients;
  let connection: Duplex | undefined;

  beforeEach(async () => {
    written = 0;
    clients = new WebSocketClients({
      kinship: { mayTalk: () => Promise.resolve(true) },
      clock,
      log: silentLogger,
    });
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    server.on("upgrade", (request, socket, head) => {
      connection = socket;
      const uncork = socket.uncork.bind(socket);
      sockets.handleUpgrade(request, socket, head, (client) => {
        socket.uncork = () => {
          if (socket.writableCorked === 1) written += SLOW_MS;
          uncork();
        };
        clients.add(client, socket, { kind: "canvas" });
      });
    });
  });
  afterEach(async () => {
    await clients.close();
    server.close();
    expect(manual.pendingTimers).to.equal(0);
  });

  async function canvas() {
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    return await connected(`http://127.0.0.1:${port ?? ""}/ws`);
  }
  const tell = (type: string) => {
    clients.tell({
      event_type: type,
      workspace_id: null,
      payload: {},
      created_at: "2026-01-01T00:00:00.000Z",
    });
  };
  const types = (frames: readonly unknown[]) =>
    frames.map((frame) =>
      typeof frame === "object" && frame !== null && "event" in frame ? frame.event : "",
    );

  it("write what happens at once together, and then rest from writing for as long as that took", async () => {
    const { frames } = await canvas();
    tell("A");
    tell("B");
    await eventually(() => frames.length === 2);
    expect(written).to.equal(SLOW_MS);

    tell("C");
    expect(connection?.writableCorked).to.equal(1);
    await manual.advance(SLOW_MS - 1);
    tell("D");
    expect(connection?.writableCorked).to.equal(1);
    await manual.advance(1);
    await eventually(() => frames.length === 4);
    expect(types(frames)).to.deep.equal(["A", "B", "C", "D"]);
    expect(written).to.equal(2 * SLOW_MS);
  });

  it("write what is gathered before they say goodbye", async () => {
    const { frames, closed } = await canvas();
    tell("A");
    await eventually(() => frames.length === 1);
    tell("B");
    await clients.close();
    expect((await closed).code).to.equal(1012);
    expect(types(frames)).to.deep.equal(["A", "B"]);
  });
});
