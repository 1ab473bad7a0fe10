import { expect } from "chai";
import { usePostgres } from "@molecule/test/support/postgres.js";
import { silentLogger, systemClock } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
import { openDatabase } from "../../../dist/storage/database.js";
import { migrate } from "../../../dist/storage/migrate.js";
import { freshDataDir } from "../../storage/databases.js";
import { ask, bearer } from "../ask.js";
import { ADMIN_TOKEN, startPlatform, usePlatforms } from "../platform.js";

describe("answerErrors", () => {
  describe("with a database that answers", () => {
    const platforms = usePlatforms();

    it("shows an unforeseen error in the log only", async () => {
      const platform = await platforms.start();
      await platforms.database.db.schema.alterTable("canvas_viewport").renameTo("away").execute();
      const answer = await ask(`${platform.url}/canvas/viewport`);
      await platforms.database.db.schema.alterTable("away").renameTo("canvas_viewport").execute();
      expect(answer.status).to.equal(500);
      expect(answer.text).to.equal('{"error":"internal error","code":"INTERNAL"}');
      const [line] = platform.log.lines.filter(({ level }) => level === "error");
      expect(line?.fields).to.include({ method: "GET", path: "/canvas/viewport", status: 500 });
      expect(line?.fields.reason).to.contain('relation "canvas_viewport" does not exist');
    });
  });

  describe("with a database that goes away", () => {
    it("answers 503 with the exact text while it is away, and serves again when it is back", async function () {
      const postgres = await usePostgres(this, { own: true });
      const dataDir = await freshDataDir();
      const { url: databaseUrl } = await postgres.freshDatabase();
      const database = await openDatabase({ databaseUrl, dataDir, log: silentLogger, clock: systemClock });
      await migrate(database.db, { log: silentLogger });
      const platform = await startPlatform({ database, db: database.db });
      const headers = bearer(ADMIN_TOKEN);
      const list = () => ask(`${platform.url}/workspaces`, { headers });
      expect((await list()).status).to.equal(200);

      await postgres.stop();
      const id = "00000000-0000-4000-8000-00000000000a";
      const answers = [
        await list(),
        await list(),
        await ask(`${platform.url}/workspaces/${id}`, { headers }),
        await ask(`${platform.url}/workspaces/${id}`, { headers: bearer("A".repeat(43)) }),
        await ask(`${platform.url}/workspaces`, {
          method: "POST",
          headers,
          body: { name: "x", external: true },
        }),
        await ask(`${platform.url}/workspaces/${id}`, { method: "DELETE", headers }),
        await ask(`${platform.url}/events`, { headers }),
        await ask(`${platform.url}/canvas/viewport`),
      ];
      for (const answer of answers) {
        expect(answer.status).to.equal(503);
        expect(answer.text).to.equal(
          '{"error":"platform datastore unavailable — retry shortly","code":"platform_unavailable"}',
        );
      }
      expect((await ask(`${platform.url}/health`)).status).to.equal(200);
      const ready = await ask(`${platform.url}/ready`);
      expect(ready.status).to.equal(503);
      expect(ready.body).to.have.property("status", "unavailable");

      await postgres.start();
      const back = await eventually(async () => {
        const answer = await list();
        return answer.status === 200 ? answer : undefined;
      });
      expect(back.text).to.equal("[]");
      await platform.close();
      await database.close();
      await dataDir.close();
    });
  });
});
