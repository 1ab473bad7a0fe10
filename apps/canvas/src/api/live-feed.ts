import { readLiveEvent, type LiveEvent } from "./events.js";
import type { Timers } from "./timers.js";

/** What a connection tells. After `closed` it tells nothing more. */
export interface FeedConnectionEvents {
  opened(): void;
  message(data: unknown): void;
  /** Closed by the other side, broken, or never opened. */
  closed(): void;
}

/** Opens a WebSocket; the returned function closes it, in whatever state it is. */
export type OpenFeed = (events: FeedConnectionEvents) => () => void;

/** Where the feed is. */
export type FeedPhase =
  | { readonly name: "connecting" }
  | { readonly name: "live" }
  /** Lost or refused: between two attempts, or within a repeated one. */
  | { readonly name: "waiting"; readonly retryInMs: number }
  | { readonly name: "stopped" };

/** How the feed goes on; `stop` ends it until {@link LiveFeed.start}. */
export type FeedVerdict = "go" | "retry" | "stop";

/** What is to be done before and while the feed is connected. */
export interface FeedOwner {
  /**
   * Called before every attempt, e.g. to find out by HTTP why a handshake would fail: a browser does not tell.
   * Must not reject.
   */
  prepare(signal: AbortSignal): Promise<FeedVerdict>;
  /** Connected: what was missed meanwhile has to be read again before the feed counts as live. Must not reject. */
  opened(signal: AbortSignal): Promise<FeedVerdict>;
  event(event: LiveEvent): void;
  phase(phase: FeedPhase): void;
}

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;

/** Ms until the next attempt, after `failures` in a row: doubles, with jitter so that pages don't come all at once. */
export function retryDelay(failures: number, random: () => number): number {
  const full = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
  return Math.round(full / 2 + (full / 2) * random());
}

/** The platform's events over a WebSocket that is connected again whenever it breaks. */
export class LiveFeed {
  readonly #open: OpenFeed;
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #owner: FeedOwner;
  #failures = 0;
  /** Ends the present attempt or connection and all that belongs to it. */
  #round: AbortController | null = null;

  constructor(parts: {
    readonly open: OpenFeed;
    readonly timers: Timers;
    /** 0 to 1. */
    readonly random: () => number;
    readonly owner: FeedOwner;
  }) {
    this.#open = parts.open;
    this.#timers = parts.timers;
    this.#random = parts.random;
    this.#owner = parts.owner;
  }

  /** Connects; where it is connected or waits, begins anew at once. */
  start(): void {
    this.#endRound();
    this.#failures = 0;
    const round = new AbortController();
    this.#round = round;
    void this.#attempt(round.signal);
  }

  /** Ends the connection, or the wait for one. */
  stop(): void {
    if (this.#round === null) return;
    this.#endRound();
    this.#failures = 0;
    this.#owner.phase({ name: "stopped" });
  }

  #endRound(): void {
    this.#round?.abort();
    this.#round = null;
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    // A repeated attempt is part of the wait: a word that changes every second helps nobody.
    if (this.#failures === 0) this.#owner.phase({ name: "connecting" });
    const verdict = await this.#owner.prepare(signal);
    if (signal.aborted) return;
    if (verdict === "go") this.#connect(signal);
    else this.#giveUp(verdict, signal);
  }

  #connect(signal: AbortSignal): void {
    const connection = new AbortController();
    const end = () => {
      signal.removeEventListener("abort", end);
      connection.abort();
      close();
    };
    const close = this.#open({
      opened: () => {
        void this.#opened(connection.signal, (verdict) => {
          end();
          this.#giveUp(verdict, signal);
        });
      },
      message: (data) => {
        const event = typeof data === "string" ? readLiveEvent(data) : null;
        if (event !== null && !connection.signal.aborted) this.#owner.event(event);
      },
      closed: () => {
        if (connection.signal.aborted) return;
        end();
        this.#retry(signal);
      },
    });
    signal.addEventListener("abort", end);
  }

  async #opened(connection: AbortSignal, giveUp: (verdict: "retry" | "stop") => void): Promise<void> {
    const verdict = await this.#owner.opened(connection);
    if (connection.aborted) return;
    if (verdict !== "go") {
      giveUp(verdict);
      return;
    }
    this.#failures = 0;
    this.#owner.phase({ name: "live" });
  }

  #giveUp(verdict: "retry" | "stop", signal: AbortSignal): void {
    if (verdict === "stop") this.stop();
    else this.#retry(signal);
  }

  #retry(signal: AbortSignal): void {
    this.#failures += 1;
    const retryInMs = retryDelay(this.#failures, this.#random);
    this.#owner.phase({ name: "waiting", retryInMs });
    const cancel = this.#timers.after(retryInMs, () => {
      signal.removeEventListener("abort", cancel);
      void this.#attempt(signal);
    });
    signal.addEventListener("abort", cancel, { once: true });
  }
}
