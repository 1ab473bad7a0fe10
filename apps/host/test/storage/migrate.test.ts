import { silentLogger } from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { expect } from "chai";
import { sql } from "kysely";
import type { Database } from "../../dist/storage/database.js";
import { migrate } from "../../dist/storage/migrate.js";
import { migrations } from "../../dist/storage/migrations/index.js";
import { KINDS, openEmpty, type EmptyDatabase } from "./databases.js";
import { failure } from "./failure.js";

const ALL = Object.keys(migrations);

for (const kind of KINDS) {
  describe(`migrate on ${kind}`, () => {
    let empty: EmptyDatabase | undefined;
    let database: Database;

    beforeEach(async function () {
      empty = await openEmpty(kind, this);
      ({ database } = empty);
    });
    afterEach(async () => {
      await empty?.end();
      empty = undefined;
    });

    it("runs every migration once, in order, and nothing the second time", async () => {
      const log = new RecordingLogger();
      expect(await migrate(database.db, { log })).to.deep.equal(ALL);
      expect(await migrate(database.db, { log })).to.deep.equal([]);
      expect(log.lines).to.deep.equal([
        { level: "info", message: "database migrated", fields: { migrations: ALL } },
      ]);
    });

    it("leaves the connection's statement timeout as it was", async () => {
      const timeout = async () => (await sql`show statement_timeout`.execute(database.db)).rows;
      const before = await timeout();
      await migrate(database.db, { log: silentLogger });
      expect(await timeout()).to.deep.equal(before);
      expect(before).to.deep.equal([{ statement_timeout: kind === "postgres" ? "30s" : "0" }]);
    });

    it("refuses a database of a newer version, and changes nothing in it", async () => {
      await migrate(database.db, { log: silentLogger });
      await sql`insert into kysely_migration values ('0900-later', now()::text), ('0901-latest', now()::text)`.execute(
        database.db,
      );
      expect(await failure(migrate(database.db, { log: silentLogger }))).to.deep.equal({
        code: "DATABASE_TOO_NEW",
        message:
          "the database was made by a newer version, which ran migrations that this one does not know: 0900-later, 0901-latest; start that version or a later one, or restore a backup from before it",
      });
    });

    it("names the migration that failed and applies nothing of any", async () => {
      await sql`create table events (taken integer)`.execute(database.db);
      expect(await failure(migrate(database.db, { log: silentLogger }))).to.deep.equal({
        code: "DATABASE_MIGRATION_FAILED",
        message: `migration 0001-initial of the database failed: relation "events" already exists; nothing of it was applied: put that right and start again`,
      });
      expect(await tables(database)).to.deep.equal(["events"]);
      await sql`drop table events`.execute(database.db);
      expect(await migrate(database.db, { log: silentLogger })).to.deep.equal(ALL);
    });

    if (kind === "postgres") {
      it("runs each migration once when two hosts start at the same time", async () => {
        const other = await empty?.open();
        const ran = await Promise.all([
          migrate(database.db, { log: silentLogger }),
          other === undefined ? [] : migrate(other.db, { log: silentLogger }),
        ]);
        expect(other).to.not.equal(undefined);
        expect(ran.flat()).to.deep.equal(ALL);
      });
    }
  });
}

async function tables(database: Database): Promise<string[]> {
  const { rows } = await sql<{ table_name: string }>`
    select table_name from information_schema.tables
    where table_schema = 'public' and table_name not like 'kysely%'`.execute(database.db);
  return rows.map((row) => row.table_name);
}
