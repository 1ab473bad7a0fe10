import { isCodedError } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { sql } from "kysely";
import { addWorkspace, useDatabase } from "../storage/databases.js";
import { useHosts } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

describe("an agent's card", () => {
  const suite = useDatabase("postgres");
  const start = useHosts(suite);
  const card = { name: "Old" };
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "done",
      (error: unknown) => (isCodedError(error) ? error.code : String(error)),
    );

  it("is not taken from the agent of an older attempt", async () => {
    const host = await start(new ShelfRuntime());
    const id = await addWorkspace(suite.db, { attempt: 2 });
    const update = host.services.registration.updateCard(
      { workspace_id: id, agent_card: card },
      { attempt: 1 },
    );
    expect(await codeOf(update)).to.equal("ATTEMPT_SUPERSEDED");
    expect((await host.row(id)).agent_card).to.equal(null);
  });

  it("is not taken when the workspace is restarted while it is on its way", async () => {
    const host = await start(new ShelfRuntime());
    const id = await addWorkspace(suite.db, {});
    let outcome = Promise.resolve("");
    await suite.db.transaction().execute(async (trx) => {
      const restarted = trx.updateTable("workspaces").set({ attempt: 2 }).where("id", "=", id);
      await restarted.execute();
      const body = { workspace_id: id, agent_card: card };
      outcome = codeOf(host.services.registration.updateCard(body, { attempt: 1 }));
      const waits = sql<{ n: number }>`
        select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      await eventually(async () => (await waits.execute(suite.db)).rows[0]?.n === 1);
    });
    expect(await outcome).to.equal("WORKSPACE_NOT_FOUND");
    expect((await host.row(id)).agent_card).to.equal(null);
  });
});
