import { expect } from "chai";
import pg from "pg";
import { usePostgres, type Postgres } from "./postgres.js";

describe("usePostgres", () => {
  let postgres: Postgres;
  before(async function () {
    postgres = await usePostgres(this);
  });

  async function query(url: string, text: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  it("gives databases that know nothing of each other, and copies of one", async () => {
    const first = await postgres.freshDatabase();
    const second = await postgres.freshDatabase();
    await query(first.url, "CREATE TABLE mine (n int); INSERT INTO mine VALUES (7)");
    expect(await query(second.url, "SELECT to_regclass('mine') AS found")).to.deep.equal([{ found: null }]);
    const copy = await postgres.freshDatabase({ template: first.url });
    expect(await query(copy.url, "SELECT n FROM mine")).to.deep.equal([{ n: 7 }]);
    for (const database of [first, second, copy]) await database.drop();
  });

  it("drops a database under a connected client, and dropping it twice is fine", async () => {
    const database = await postgres.freshDatabase();
    const client = new pg.Client({ connectionString: database.url });
    const cut = new Promise<Error>((resolve) => client.on("error", resolve));
    await client.connect();
    await database.drop();
    await database.drop();
    expect((await cut).message).to.match(/terminat/);
    await client.end().catch(() => undefined);
  });

  it("stops and starts a server of one's own, with its data", async function () {
    const own = await usePostgres(this, { own: true });
    const database = await own.freshDatabase();
    await query(database.url, "CREATE TABLE kept (n int)");
    await own.stop();
    const failure = await query(database.url, "SELECT 1").catch((thrown: unknown) => thrown);
    expect(failure).to.have.property("code", "ECONNREFUSED");
    await own.start();
    expect(await query(database.url, "SELECT count(*)::int AS n FROM kept")).to.deep.equal([{ n: 0 }]);
    await own.stop();
  });
});
