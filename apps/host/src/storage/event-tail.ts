import { messageOf, type Cancel, type Clock, type Logger } from "@molecule/core";

/** Events that are read at once. */
const BATCH = 500;
/** Ms until the log is read again after that failed. */
const RETRY_MS = 1_000;

/** What the tail works with. */
export interface TailServices<Event> {
  readonly clock: Clock;
  readonly log: Logger;
  /** The events after an id, in their order. */
  readonly read: (after: number, limit: number) => Promise<readonly Event[]>;
  /** Never throws. */
  readonly deliver: (event: Event) => void;
}

/**
 * Hands the events of the log on, each once and in the order of their ids, whichever host wrote them. Ids are committed
 * in their order (see `EventLog`). What this host has written itself is handed on without reading it, if nothing can
 * have come in between; whenever something can, the log itself is asked.
 */
export class EventTail<Event extends { readonly id: number }> {
  readonly #services: TailServices<Event>;
  /** Id of the last event that was handed on; undefined before there was any. */
  #last: number | undefined;
  #reading: Promise<void> | undefined;
  #isDue = false;
  #isClosed = false;
  #cancelRetry: Cancel = () => undefined;

  constructor(services: TailServices<Event>) {
    this.#services = services;
  }

  /** Hands on what comes after this id. */
  startAfter(id: number): void {
    this.#last = id;
  }

  /** Takes events of one transaction of this host that was committed. Resolves when they were handed on. */
  async committed(events: readonly Event[]): Promise<void> {
    const [first] = events;
    if (first === undefined || this.#isClosed) return;
    this.#last ??= first.id - 1;
    if (this.#reading === undefined && this.#last === first.id - 1)
      events.forEach((event) => this.#hand(event));
    else if (this.#last < first.id) await this.catchUp();
  }

  /** Reads and hands on whatever is new. Never rejects: what can't be read now is read later. */
  async catchUp(): Promise<void> {
    if (this.#isClosed || this.#last === undefined) return;
    this.#isDue = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  /** Hands nothing on any more; resolves when nothing is being read. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    await this.#reading;
  }

  async #readAll(): Promise<void> {
    const { read, log, clock } = this.#services;
    this.#cancelRetry();
    try {
      while (this.#isDue && !this.#isClosed) {
        this.#isDue = false;
        const events = await read(this.#last ?? 0, BATCH);
        for (const event of events) this.#hand(event);
        if (events.length === BATCH) this.#isDue = true;
      }
    } catch (error) {
      log.warn(`new events can't be read, they are told later: ${messageOf(error)}`);
      if (!this.#isClosed) this.#cancelRetry = clock.timer(() => void this.catchUp(), RETRY_MS);
    }
  }

  #hand(event: Event): void {
    if (this.#isClosed || event.id <= (this.#last ?? 0)) return;
    this.#last = event.id;
    this.#services.deliver(event);
  }
}
