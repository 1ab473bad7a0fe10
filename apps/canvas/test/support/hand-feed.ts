import type { FeedConnectionEvents, OpenFeed } from "../../dist-test/src/api/live-feed.js";

/** Connections that the test opens, feeds and breaks by hand, in place of a browser's WebSockets. */
export class HandFeed {
  readonly connections: { readonly events: FeedConnectionEvents; isClosed: boolean }[] = [];

  readonly open: OpenFeed = (events) => {
    const connection = { events, isClosed: false };
    this.connections.push(connection);
    return () => {
      connection.isClosed = true;
    };
  };

  /** The newest connection. */
  get last(): { readonly events: FeedConnectionEvents; readonly isClosed: boolean } {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("nothing has connected yet");
    return last;
  }
}
