import type { Server } from "node:http";
import type { Cancel, Clock } from "@molecule/core";
import type { WebSocketEndpoint } from "./websocket.js";

/** Ms between two looks for connections that have become idle. */
const IDLE_CHECK_MS = 50;
/** Ms for requests in flight. The host has 15 s to stop, and what is stopped after this needs some of them. */
const DRAIN_MS = 10_000;

/**
 * Ends a server: no new connections, requests in flight finish, WebSockets are told, connections are closed as they
 * fall idle, and at the deadline all that is left is cut. One that does not listen is ended already.
 */
export async function drain(server: Server, webSocket: WebSocketEndpoint, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  let cancelCheck: Cancel = () => undefined;
  const checkIdle = () => {
    server.closeIdleConnections();
    cancelCheck = clock.timer(checkIdle, IDLE_CHECK_MS);
  };
  checkIdle();
  const cancelDeadline = clock.timer(() => server.closeAllConnections(), DRAIN_MS);
  await Promise.all([webSocket.close(), closed]);
  cancelCheck();
  cancelDeadline();
}
