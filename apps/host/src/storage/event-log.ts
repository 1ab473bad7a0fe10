import { messageOf, type Clock, type Logger } from "@molecule/core";
import { sql, type Selectable } from "kysely";
import { maskRecord, type Masking } from "../masking/mask-data.js";
import { EventTail } from "./event-tail.js";
import { toJsonb } from "./json.js";
import type { DatabaseSchema, EventPayload, Executor, Trx } from "./schema.js";

/** An event to be told. */
export interface NewEvent {
  /** A name of api.md §3, e.g. `WORKSPACE_ONLINE`. */
  readonly type: string;
  /** Null where it concerns no workspace. */
  readonly workspaceId: string | null;
  readonly payload: EventPayload;
}

/** An event as listeners get it; without an id when it is not stored. */
export interface PublishedEvent {
  readonly id?: number;
  readonly event_type: string;
  readonly workspace_id: string | null;
  readonly payload: EventPayload;
  /** RFC 3339. */
  readonly created_at: string;
}

/** An event of the log, shaped as the API shows it. */
export interface StoredEvent extends PublishedEvent {
  /** Grows in the order in which events were committed; numbers may be left out. */
  readonly id: number;
}

/** Notes an event of the transaction; it is written when the work of the transaction is done. */
export type Emit = (event: NewEvent) => void;

/** Gets every stored event of all hosts, in the order of their ids, and this host's others. Must not block. */
export type EventListener = (event: PublishedEvent) => void;

/** Key of the advisory lock that writers of events take turns by; any number that nothing else in the database uses. */
const WRITER_LOCK = 7_161_001_101;

/** Channel (Postgres, NOTIFY) on which hosts tell each other that there are events; the payload is the teller's id. */
export const EVENT_CHANNEL = "molecule_events";

/** The log of what happened, and those who listen to it. No secret gets into it. */
export class EventLog {
  readonly #db: Executor;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #masker: Masking;
  readonly #listeners = new Set<EventListener>();
  readonly #hostId: string;
  readonly #tail: EventTail<StoredEvent>;

  /** @param services.hostId tells the news of this host from those of others */
  constructor(services: { db: Executor; clock: Clock; log: Logger; masker: Masking; hostId: string }) {
    this.#db = services.db;
    this.#clock = services.clock;
    this.#log = services.log;
    this.#masker = services.masker;
    this.#hostId = services.hostId;
    this.#tail = new EventTail({
      clock: services.clock,
      log: services.log,
      read: (after, limit) => this.list({ after, limit }),
      deliver: (event) => {
        this.#tell(event);
      },
    });
  }

  /** Follows the log from its present end on, whoever writes it; without this, from the first event of this host. */
  async follow(): Promise<void> {
    const { last } = await this.#db
      .selectFrom("events")
      .select((select) => select.fn.coalesce(select.fn.max("id"), sql<number>`0`).as("last"))
      .executeTakeFirstOrThrow();
    this.#tail.startAfter(last);
  }

  /** Another host may have written events: they are read and told. */
  heardOf(hostId: string | undefined): void {
    if (hostId !== this.#hostId) void this.#tail.catchUp();
  }

  /** Tells nothing more; resolves when nothing is being read. */
  close(): Promise<void> {
    return this.#tail.close();
  }

  /**
   * Runs `work` in a transaction. The events it emits are written at its end, commit or fall with it, and are told to
   * the listeners after the commit, on every host.
   */
  async transact<T>(work: (trx: Trx, emit: Emit) => Promise<T>): Promise<T> {
    const { value, written } = await this.#db.transaction().execute(async (trx) => {
      const emitted: NewEvent[] = [];
      const result = await work(trx, (event) => {
        emitted.push(event);
      });
      return { value: result, written: emitted.length === 0 ? [] : await this.#write(trx, emitted) };
    });
    await this.#tail.committed(written);
    return value;
  }

  /**
   * Writes one event in the caller's transaction and tells nobody: {@link transact} does both. Make it the
   * transaction's last statement, for the lock's sake.
   */
  async append(trx: Trx, event: NewEvent): Promise<StoredEvent> {
    const [stored] = await this.#write(trx, [event]);
    if (stored === undefined)
      throw new Error("the database has returned no row for an event that was inserted");
    return stored;
  }

  /** Tells the listeners of something that is not kept, e.g. a heartbeat. */
  publish(event: NewEvent): void {
    this.#tell({
      event_type: event.type,
      workspace_id: event.workspaceId,
      payload: maskRecord(this.#masker, event.payload),
      created_at: new Date(this.#clock.now()).toISOString(),
    });
  }

  /** Calls `listener` with every event from now on, until the returned function is called. */
  subscribe(listener: EventListener): () => void {
    // An entry of its own, so that one function may be subscribed twice.
    const entry: EventListener = (event) => {
      listener(event);
    };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /**
   * Stored events: the newest ones, newest first; with `after`, those that came next after that id, oldest first, so
   * that a reader goes on from the last one it got.
   */
  async list(query: { workspaceId?: string; after?: number; limit: number }): Promise<StoredEvent[]> {
    const { workspaceId, after, limit } = query;
    let select = this.#db.selectFrom("events").select(EVENT_COLUMNS).limit(limit);
    if (workspaceId !== undefined) select = select.where("workspace_id", "=", workspaceId);
    select =
      after === undefined
        ? select.orderBy("id", "desc")
        : select.where("id", ">", after).orderBy("id", "asc");
    return (await select.execute()).map(toStored);
  }

  // One writer at a time, until its commit: ids are drawn at the insert, so otherwise 5 could be committed after 6,
  // and a reader that asks for what came after 6 would never see 5. Taken after all other locks of the transaction,
  // which therefore can't be waited for by its holder: no deadlock, and it is held for one insert and the commit.
  async #write(trx: Trx, events: readonly NewEvent[]): Promise<StoredEvent[]> {
    const rows = events.map((event) => ({
      event_type: event.type,
      workspace_id: event.workspaceId,
      payload: maskRecord(this.#masker, event.payload),
    }));
    // One round trip for both: no row, and so no id, before the lock is had. The notice is sent at the commit.
    const written = await sql<EventRow>`
      with turn as materialized (
        select pg_advisory_xact_lock(${sql.lit(WRITER_LOCK)}), pg_notify(${EVENT_CHANNEL}, ${this.#hostId})
      )
      insert into events (event_type, workspace_id, payload)
      select new.event_type, new.workspace_id, new.payload
      from turn, jsonb_to_recordset(${toJsonb(rows)}) as new (event_type text, workspace_id uuid, payload jsonb)
      returning id, event_type, workspace_id, payload, created_at`.execute(trx);
    return written.rows.map(toStored).sort((a, b) => a.id - b.id);
  }

  #tell(event: PublishedEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error("a listener to events has thrown", {
          event_type: event.event_type,
          reason: messageOf(error),
        });
      }
    }
  }
}

const EVENT_COLUMNS = ["id", "event_type", "workspace_id", "payload", "created_at"] as const;

type EventRow = Selectable<Pick<DatabaseSchema["events"], (typeof EVENT_COLUMNS)[number]>>;

function toStored(row: EventRow): StoredEvent {
  return { ...row, created_at: row.created_at.toISOString() };
}
