import { randomUUID } from "node:crypto";
import { isCodedError, silentLogger } from "@molecule/core";
import { expect } from "chai";
import { addWorkspace, useDatabase } from "../storage/databases.js";
import { useHosts } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

describe("the recovery loop", () => {
  const suite = useDatabase("postgres");
  const start = useHosts(suite);

  it("changes nothing when it wakes up after its lease went to another host", async () => {
    const runtime = new ShelfRuntime();
    const host = await start(runtime);
    const loop = host.services.recovery.loop();
    await suite.db.deleteFrom("loop_leases").execute();
    await suite.db
      .insertInto("loop_leases")
      .values({
        loop: loop.name,
        holder: randomUUID(),
        fence: 2,
        expires_at: new Date(Date.now() + 60_000),
      })
      .execute();
    const abandoned = {
      status: "provisioning" as const,
      provision_host: randomUUID(),
      provision_claim_expires_at: new Date(0),
    };
    const lost = await addWorkspace(suite.db, abandoned);
    const removed = await addWorkspace(suite.db, { status: "removed", cleanup_pending: true });
    const changed = await addWorkspace(suite.db, { restart_wanted_at: new Date(0) });
    const tick = async (fence: number) => {
      try {
        await loop.tick({
          signal: new AbortController().signal,
          log: silentLogger,
          dryRun: false,
          fence,
        });
        return "done";
      } catch (error) {
        return isCodedError(error) ? error.code : String(error);
      }
    };
    expect(await tick(1)).to.equal("SWEEP_LEASE_LOST");
    await suite.db.updateTable("workspaces").set({ provision_host: null }).where("id", "=", lost).execute();
    expect(await tick(1), "with no provision to take up").to.equal("SWEEP_LEASE_LOST");
    for (const id of [lost, changed]) expect((await host.row(id)).attempt).to.equal(1);
    expect((await host.row(removed)).cleanup_pending).to.equal(true);

    await suite.db.updateTable("workspaces").set(abandoned).where("id", "=", lost).execute();
    expect(await tick(2)).to.equal("done");
    for (const id of [lost, changed]) expect((await host.row(id)).attempt).to.equal(2);
    expect((await host.row(removed)).cleanup_pending).to.equal(false);
  });

  it("leaves a workspace paused that is paused while its container is looked for", async () => {
    const runtime = new ShelfRuntime();
    const host = await start(runtime);
    const postponed = { status: "provisioning" as const, provision_claim_expires_at: new Date(0) };
    const id = await addWorkspace(suite.db, postponed);
    runtime.observe = async () => {
      await host.services.api.pausing.pause(id);
      return { state: "absent" };
    };
    await host.services.recovery.loop().tick({
      signal: new AbortController().signal,
      log: silentLogger,
      dryRun: false,
      fence: null,
    });
    expect(await host.row(id)).to.include({ status: "paused", attempt: 1 });
  });
});
