import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type pg from "pg";

/** Commands that Kysely tells apart: all but SELECT have a number of affected rows. */
const COMMANDS = ["INSERT", "UPDATE", "DELETE", "MERGE", "SELECT"] as const;

/**
 * A pool as Kysely takes one, which asks the driver by callback. What `pg` 8.23 promises instead outlives its query
 * until a full garbage collection: for a list of 1,000 rows, minor collections take 1 ms a query in place of 7.
 */
export class QueryPool implements PostgresPool {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async connect(): Promise<PostgresPoolClient> {
    return new QueryClient(await this.#pool.connect());
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

class QueryClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  query<R>(statement: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    statement: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof statement !== "string") throw new Error("no dialect of this host reads by cursor");
    return new Promise((resolve, reject) => {
      this.#client.query<R & pg.QueryResultRow>(
        statement,
        [...parameters],
        (error: Error | null | undefined, result: pg.QueryResult<R & pg.QueryResultRow>) => {
          if (error !== null && error !== undefined) {
            reject(error);
            return;
          }
          const { rowCount, rows } = result;
          const command = COMMANDS.find((each) => each === result.command) ?? "SELECT";
          resolve({ command, rowCount: rowCount ?? 0, rows });
        },
      );
    });
  }

  release(): void {
    this.#client.release();
  }
}
