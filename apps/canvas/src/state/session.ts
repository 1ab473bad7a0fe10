import { ApiError, messageOf } from "../api/api-error.js";
import type { ApiClient, Deletion, LifecycleAction } from "../api/client.js";
import type { CreatedWorkspace, NewWorkspace } from "../api/creation.js";
import type { LiveEvent } from "../api/events.js";
import { LiveFeed, type FeedPhase, type FeedVerdict, type OpenFeed } from "../api/live-feed.js";
import type { Viewport } from "../api/system.js";
import type { Timers } from "../api/timers.js";
import { isMove } from "./apply-event.js";
import type { Point } from "./board.js";
import { Store } from "./store.js";
import type { TokenKeeper } from "./token-keeper.js";

/** How often the host is asked how it fares, in ms. Also finds a connection that died without a word. */
const READINESS_EVERY_MS = 30_000;
/** How long the canvas must stand still before its place is saved, in ms. */
const VIEWPORT_REST_MS = 600;
/** How long a card must rest before its place is saved, in ms. */
const CARD_REST_MS = 500;
/** A viewport that nobody saved yet (api.md §5). */
const NEVER_SAVED: Viewport = { x: 0, y: 0, zoom: 1 };

/** What the page's life with the platform is made from. */
export interface SessionParts {
  readonly client: ApiClient;
  readonly token: TokenKeeper;
  /** Opens `/ws` with the present token. */
  readonly openFeed: OpenFeed;
  readonly timers: Timers;
  /** 0 to 1. */
  readonly random: () => number;
  /** Calls back before the next drawing, so that a burst of events is drawn once. */
  readonly nextFrame: (work: () => void) => void;
}

/** Keeps the page's state in step with the platform, and does what the user asks for. */
export class Session {
  readonly store = new Store();
  readonly client: ApiClient;
  readonly #token: TokenKeeper;
  readonly #timers: Timers;
  readonly #nextFrame: (work: () => void) => void;
  readonly #feed: LiveFeed;
  readonly #life = new AbortController();
  #queue: LiveEvent[] = [];
  #cancelReadiness: () => void = () => undefined;
  #cancelViewport: () => void = () => undefined;
  /** Cancels the saving of each card that was moved and has not rested yet, by workspace. */
  readonly #unsaved = new Map<string, () => void>();

  constructor(parts: SessionParts) {
    this.client = parts.client;
    this.#token = parts.token;
    this.#timers = parts.timers;
    this.#nextFrame = parts.nextFrame;
    this.#feed = new LiveFeed({
      open: parts.openFeed,
      timers: parts.timers,
      random: parts.random,
      owner: {
        prepare: (signal) => this.#sync(signal),
        opened: (signal) => this.#sync(signal),
        event: (event) => {
          this.#enqueue(event);
        },
        phase: (phase) => {
          this.#phase(phase);
        },
      },
    });
  }

  /** Reads what there is, connects, and goes on until {@link stop}. */
  start(): void {
    this.#feed.start();
    void this.#readViewport();
    void this.#watchReadiness();
  }

  /** Ends the connection, the timers and the calls under way. */
  stop(): void {
    this.#life.abort();
    this.#feed.stop();
    this.#cancelReadiness();
    this.#cancelViewport();
    for (const cancel of this.#unsaved.values()) cancel();
    this.#unsaved.clear();
  }

  /** Connects at once in place of waiting for the next attempt. */
  retryNow(): void {
    this.#feed.start();
  }

  /** Uses this admin token from now on. */
  signIn(token: string): void {
    this.#token.set(token);
    this.#feed.start();
    void this.#watchReadiness();
  }

  /** @param id null selects none */
  select(id: string | null): void {
    if (this.store.get().selectedId === id) return;
    this.store.dispatch({ type: "selected", id });
    if (id !== null) void this.#readDetail(id);
  }

  /** Creates a workspace; it shows when its event comes. @throws ApiError */
  async createWorkspace(request: NewWorkspace): Promise<CreatedWorkspace> {
    const created = await this.client.createWorkspace(request);
    this.#catchUp();
    return created;
  }

  /** Deletes a workspace, or asks first when it has children. @throws ApiError */
  async deleteWorkspace(id: string, confirm: boolean): Promise<Deletion> {
    const deletion = await this.client.deleteWorkspace(id, confirm);
    if (deletion.done) this.#catchUp();
    return deletion;
  }

  /** Restarts, pauses or resumes a workspace; what comes of it shows when its events come. @throws ApiError */
  async controlWorkspace(id: string, action: LifecycleAction): Promise<void> {
    await this.client.controlWorkspace(id, action);
    this.#catchUp();
  }

  /** Moves a card at once, and has the platform keep its place when it rests. */
  cardMoved(id: string, to: Point): void {
    // (0, 0) means that nobody has placed it.
    const place = { x: Math.round(to.x), y: Math.round(to.y) || 1 };
    this.store.dispatch({ type: "moved", id, to: place });
    this.#unsaved.get(id)?.();
    const cancel = this.#timers.after(CARD_REST_MS, () => {
      this.#unsaved.delete(id);
      // It stays where the user put it; the next reading of the list tells where the platform has it.
      this.client.moveWorkspace(id, place).catch(() => undefined);
    });
    this.#unsaved.set(id, cancel);
  }

  /** Keeps where the canvas stands, once it stands still. @param read where it stands then */
  viewportMoved(read: () => Viewport): void {
    this.#cancelViewport();
    this.#cancelViewport = this.#timers.after(VIEWPORT_REST_MS, () => {
      // Nothing depends on it: the next move saves again.
      this.client.saveViewport(read()).catch(() => undefined);
    });
  }

  /** Reads the list anew. Never rejects. */
  async #sync(signal: AbortSignal): Promise<FeedVerdict> {
    const { store } = this;
    store.dispatch({ type: "sync-started" });
    try {
      const workspaces = await this.client.workspaces(signal);
      if (signal.aborted) return "stop";
      store.dispatch({ type: "sync-succeeded", workspaces });
      return "go";
    } catch (error) {
      if (signal.aborted) return "stop";
      if (error instanceof ApiError && error.status === 401) {
        const refused = this.#token.get() !== null;
        this.#token.set(null);
        store.dispatch({ type: "token-wanted", refused });
        return "stop";
      }
      store.dispatch({ type: "sync-failed", problem: messageOf(error) });
      return "retry";
    }
  }

  /** Without a connection no event tells what was just done; the next attempt begins with the list. */
  #catchUp(): void {
    if (this.store.get().feed.name !== "live") this.#feed.start();
  }

  #enqueue(event: LiveEvent): void {
    this.#queue.push(event);
    if (this.#queue.length === 1) {
      this.#nextFrame(() => {
        this.#flush();
      });
    }
  }

  #flush(): void {
    const events = this.#queue;
    if (events.length === 0) return;
    this.#queue = [];
    // Where a card lay before must not pull it out of the user's hand.
    const news = events.filter((event) => !isMove(event) || !this.#unsaved.has(event.workspaceId ?? ""));
    this.store.dispatch({ type: "events", events: news });
    for (const id of new Set(events.map((event) => event.workspaceId))) {
      if (id !== null && this.store.get().workspaces?.get(id)?.complete === false) void this.#readDetail(id);
    }
  }

  #phase(phase: FeedPhase): void {
    // What the last connection brought is older than what the next one's first reading will tell.
    if (phase.name !== "live") this.#queue = [];
    this.store.dispatch({ type: "feed", phase });
  }

  async #readDetail(id: string): Promise<void> {
    try {
      const detail = await this.client.workspace(id, this.#life.signal);
      this.store.dispatch({ type: "detail", detail });
    } catch {
      // The list and the events tell the rest; removed meanwhile is the usual reason.
    }
  }

  async #readViewport(): Promise<void> {
    const viewport = await this.client.viewport(this.#life.signal).catch(() => NEVER_SAVED);
    if (!this.#life.signal.aborted) this.store.dispatch({ type: "viewport", viewport });
  }

  async #watchReadiness(): Promise<void> {
    this.#cancelReadiness();
    const { signal } = this.#life;
    try {
      const readiness = await this.client.readiness(signal);
      if (!signal.aborted) this.store.dispatch({ type: "readiness", readiness });
    } catch (error) {
      if (signal.aborted) return;
      this.store.dispatch({ type: "readiness", readiness: null });
      const lost = error instanceof ApiError && (error.kind === "unreachable" || error.kind === "timeout");
      if (lost && this.store.get().feed.name === "live") this.#feed.start();
    }
    this.#cancelReadiness();
    this.#cancelReadiness = this.#timers.after(READINESS_EVERY_MS, () => void this.#watchReadiness());
  }
}
