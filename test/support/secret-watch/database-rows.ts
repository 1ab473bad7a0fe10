import pg from "pg";
import { isWatchingSecrets, recordOutput } from "../secret-watch.js";

/** Runs one statement and answers its rows. */
export type RowsOf = (statement: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

const TABLES = `select coalesce(string_agg(
    format('select %L as "table", to_jsonb(t)::text as "row" from %I.%I t', relname, nspname, relname),
    ' union all '), '') as statement
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
  where relkind in ('r', 'p') and nspname not in ('pg_catalog', 'information_schema')`;

/** Records all rows of all tables of a database: events, ledgers, errors, and whatever a later table holds. */
export async function recordRows(source: string, rowsOf: RowsOf): Promise<void> {
  if (!isWatchingSecrets()) return;
  const [tables] = await rowsOf(TABLES);
  const statement = tables?.statement;
  if (typeof statement !== "string" || statement === "") return;
  const texts = new Map<string, string[]>();
  for (const { table, row } of await rowsOf(statement)) {
    const known = texts.get(String(table));
    if (known === undefined) texts.set(String(table), [String(row)]);
    else known.push(String(row));
  }
  for (const [table, rows] of texts) recordOutput("database", `table ${table} of ${source}`, rows.join("\n"));
}

/** As {@link recordRows}, on a server; one that is not there, or no longer, has nothing to be recorded. */
export async function recordDatabaseAt(url: string): Promise<void> {
  if (!isWatchingSecrets()) return;
  const client = new pg.Client({
    connectionString: url,
    statement_timeout: 10_000,
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await recordRows(
      "a database",
      async (statement) => (await client.query<Record<string, unknown>>(statement)).rows,
    );
  } catch {
    // Its server was stopped by the test, or it was dropped before.
  } finally {
    await client.end().catch(() => undefined);
  }
}
