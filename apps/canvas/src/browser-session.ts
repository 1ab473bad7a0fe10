import { ApiClient } from "./api/client.js";
import type { FeedConnectionEvents } from "./api/live-feed.js";
import { systemTimers } from "./api/timers.js";
import { Session } from "./state/session.js";
import { TokenKeeper } from "./state/token-keeper.js";

/** The page's session with the host that served it. */
export function browserSession(): Session {
  const token = new TokenKeeper(window.sessionStorage);
  const client = new ApiClient({
    send: (url, init) => fetch(url, init),
    baseUrl: "",
    token: () => token.get(),
  });
  return new Session({
    client,
    token,
    openFeed: (events) => openFeed(token.get(), events),
    timers: systemTimers,
    random: () => Math.random(),
    // Not animation frames: a hidden tab has none, and its events would pile up.
    nextFrame: (work) => systemTimers.after(16, work),
  });
}

/** A browser can't set headers on a WebSocket: the token goes as its subprotocol. */
function openFeed(token: string | null, events: FeedConnectionEvents): () => void {
  const url = new URL("/ws", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = token === null ? new WebSocket(url) : new WebSocket(url, `bearer.${token}`);
  socket.onopen = () => {
    events.opened();
  };
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    events.message(data);
  };
  socket.onclose = () => {
    events.closed();
  };
  return () => {
    socket.close();
  };
}
