import pg from "pg";

/** Gives a database a wall clock that can be set: a `now()` of its own stands before the server's. Before migrations. */
export async function installClock(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(`
      create table public.wall_clock (offset_ms bigint not null);
      insert into public.wall_clock values (0);
      create function public.now() returns timestamptz language sql stable as
        'select pg_catalog.now() + (select offset_ms from public.wall_clock) * interval ''1 millisecond''';
      do $$ begin
        execute format('alter database %I set search_path = public, pg_catalog', current_database());
      end $$`);
  } finally {
    await client.end();
  }
}
