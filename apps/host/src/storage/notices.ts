import { messageOf, type Cancel, type Clock, type Logger } from "@molecule/core";
import pg from "pg";

/** Ms between attempts to connect again: the first, and the longest. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
/** Ms between two questions whether the connection still is one, and for their answer. */
const PROBE_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;

/** What {@link Notices} need. */
export interface NoticeOptions {
  readonly databaseUrl: string;
  readonly channel: string;
  /** Called with each notice's payload, and with nothing whenever some may have been missed. */
  readonly onNotice: (payload: string | undefined) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Listens to a channel of the Postgres server on a connection of its own, which is made again whenever it breaks. */
export class Notices {
  readonly #options: NoticeOptions;
  #client: pg.Client | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isClosed = false;
  #cancelTimer: Cancel = () => undefined;
  #connecting: Promise<void>;

  constructor(options: NoticeOptions) {
    this.#options = options;
    this.#connecting = this.#connect();
  }

  /** Resolves once the first connection listens, or has failed and is tried again. */
  ready(): Promise<void> {
    return this.#connecting;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#connecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  /** Never rejects. */
  async #connect(): Promise<void> {
    const { databaseUrl, channel, onNotice } = this.#options;
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: "molecule notices",
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
      keepAlive: true,
    });
    this.#client = client;
    client.on("notification", ({ payload }) => {
      onNotice(payload);
    });
    client.on("error", (error) => {
      this.#lose(client, error);
    });
    client.on("end", () => {
      this.#lose(client, new Error("the server has closed it"));
    });
    try {
      await client.connect();
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      this.#retryMs = FIRST_RETRY_MS;
      // What was told before this connection listened is not told again.
      onNotice(undefined);
      this.#probeLater(client);
    } catch (error) {
      this.#lose(client, error);
    }
  }

  /** A connection whose other end has vanished stays silent for ever, as one does on which nothing happens. */
  #probeLater(client: pg.Client): void {
    if (this.#client !== client || this.#isClosed) return;
    this.#cancelTimer = this.#options.clock.timer(() => {
      client.query("select 1").then(
        () => {
          this.#probeLater(client);
        },
        (error: unknown) => {
          this.#lose(client, error);
        },
      );
    }, PROBE_MS);
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.#client !== client || this.#isClosed) return;
    this.#client = undefined;
    this.#cancelTimer();
    this.#options.log.warn(
      `events of other hosts are not heard of for a while, the connection is made again: ${messageOf(error)}`,
    );
    void client.end().catch(() => undefined);
    this.#cancelTimer = this.#options.clock.timer(() => {
      this.#connecting = this.#connect();
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }
}
