import { expect } from "chai";
import { usePostgres } from "@molecule/test/support/postgres.js";
import { silentLogger, systemClock } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
import { openDatabase } from "../../../dist/storage/database.js";
import { migrate } from "../../../dist/storage/migrate.js";
import { addWorkspace, freshDataDir } from "../../storage/databases.js";
import { ask, bearer } from "../ask.js";
import { ADMIN_TOKEN, startPlatform, usePlatforms, type RunningPlatform } from "../platform.js";
import { connect, type Refused } from "../ws-client.js";

async function refusedListener(platform: RunningPlatform, headers: Record<string, string>): Promise<Refused> {
  const refused = await connect(`${platform.url}/ws`, { headers });
  if ("frames" in refused) throw new Error("a listener was let in");
  return refused;
}

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
      const agent = await addWorkspace(database.db);
      const { token } = await platform.tokens.issue(database.db, { workspaceId: agent, attempt: 1 });
      const org = await platform.orgTokens.issue("CI");
      const own = bearer(token);

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
        // Each guard, asked with a live token that it has to look up: "invalid" would make its owner drop it.
        await ask(`${platform.url}/workspaces`, { headers: bearer(org.token) }),
        await ask(`${platform.url}/workspaces/${agent}/secrets`, { headers: own }),
        await ask(`${platform.url}/workspaces/${agent}/secrets/values`, { headers: own }),
        await ask(`${platform.url}/registry/${agent}/peers`, { headers: own }),
        await ask(`${platform.url}/registry/discover/${id}`, {
          headers: { ...own, "X-Workspace-ID": agent },
        }),
        await ask(`${platform.url}/registry/check-access`, {
          method: "POST",
          headers: own,
          body: { caller_id: agent, target_id: id },
        }),
        await ask(`${platform.url}/registry/heartbeat`, {
          method: "POST",
          headers: own,
          body: { workspace_id: agent },
        }),
        await refusedListener(platform, { ...own, "X-Workspace-ID": agent }),
        await refusedListener(platform, { ...bearer(org.token), Origin: "http://localhost:3000" }),
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
      expect(back.body).to.have.length(1);
      await platform.close();
      await database.close();
      await dataDir.close();
    });
  });
});
