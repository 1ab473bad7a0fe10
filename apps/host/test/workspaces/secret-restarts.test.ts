import { randomUUID } from "node:crypto";
import { ManualClock } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { sql } from "kysely";
import { addWorkspace, useDatabase } from "../storage/databases.js";
import { useHosts } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

describe("restarts after a change of what workspaces boot with", function () {
  this.timeout(60_000);
  const suite = useDatabase("postgres");
  const start = useHosts(suite);

  const marks = async () => {
    const rows = await suite.db
      .selectFrom("workspaces")
      .select("name")
      .where("restart_wanted_at", "is not", null)
      .orderBy("name")
      .execute();
    return rows.map(({ name }) => name);
  };
  /** A host that waits for further changes until it stops, however long the test takes. */
  const startWaiting = (runtime: ShelfRuntime) => start(runtime, new ManualClock());
  /** As if the host that was asked had died a while ago. */
  const forget = () =>
    sql`update workspaces set restart_wanted_at = restart_wanted_at - interval '1 minute'`.execute(suite.db);

  it("are not lost with the host that was asked: another takes them up, and none comes twice", async () => {
    const runtime = new ShelfRuntime();
    const asked = await startWaiting(runtime);
    const own = await addWorkspace(suite.db, { name: "own" });
    const user = await addWorkspace(suite.db, { name: "user" });
    const model = await addWorkspace(suite.db, { name: "model" });
    await asked.services.secretChanges.save(own, "KEY", "own value");
    await asked.services.model.set(model, "m-1");
    expect(await marks()).to.deep.equal(["model", "own"]);
    await asked.services.secretChanges.save(null, "KEY", "value of all");
    expect(await marks(), "whose own secret hides the global one is marked for that").to.deep.equal([
      "model",
      "own",
      "user",
    ]);
    await forget();
    const other = await start(runtime);
    await other.services.recovery.atBoot();
    expect(await marks()).to.deep.equal([]);
    // Returns when what the first host had planned is done.
    await asked.services.stop();
    for (const id of [own, user, model]) expect((await other.row(id)).attempt).to.equal(2);
  });

  it("leave those alone that the asked host still waits for", async () => {
    const runtime = new ShelfRuntime();
    const asked = await start(runtime);
    const id = await addWorkspace(suite.db);
    await asked.services.secretChanges.save(id, "KEY", "value");
    const other = await start(runtime);
    expect(await other.services.secretRestarts.forgotten()).to.equal(0);
    await eventually(async () => (await other.row(id)).attempt === 2);
  });

  it("let a workspace that is paused meanwhile rest, and it boots with the change when it is resumed", async () => {
    const runtime = new ShelfRuntime();
    const host = await startWaiting(runtime);
    const id = await host.create();
    await eventually(async () => (await host.row(id)).provision_host === null);
    await host.services.secretChanges.save(id, "KEY", "value");
    await host.services.api.pausing.pause(id);
    await forget();
    expect(await host.services.secretRestarts.forgotten()).to.equal(0);
    expect((await host.row(id)).status).to.equal("paused");
    await host.services.api.pausing.resume(id);
    await eventually(() => runtime.shelves.get(id)?.containers.get(2)?.env.KEY === "value");
    expect(await marks()).to.deep.equal([]);
  });

  it("are not asked for by a change that fails, nor for a paused or external workspace", async () => {
    const host = await start(new ShelfRuntime());
    const id = await addWorkspace(suite.db);
    const paused = await addWorkspace(suite.db, { status: "paused" });
    const external = await addWorkspace(suite.db, { external: true });
    const refused = await host.services.secretChanges.remove(id, "NOT_THERE").then(
      () => false,
      () => true,
    );
    expect(refused).to.equal(true);
    await host.services.secretChanges.save(paused, "KEY", "value");
    await host.services.secretChanges.save(external, "KEY", "value");
    expect(await marks()).to.deep.equal([]);
  });

  it("come of global and own changes at once without a deadlock, and whoever is created beside them boots with them", async () => {
    const runtime = new ShelfRuntime();
    const host = await start(runtime);
    const ids = await Promise.all(Array.from({ length: 5 }, () => host.create({ name: randomUUID() })));
    await Promise.all([
      ...Array.from({ length: 5 }, (_, n) => host.services.secretChanges.save(null, "KEY", `value ${n}`)),
      ...ids.map((id, n) => host.services.secretChanges.save(id, `OWN_${n}`, "value")),
      ...ids.map((id) => host.services.restart.restart(id)),
      ...ids.map(async () => void ids.push(await host.create({ name: randomUUID() }))),
    ]);
    await host.services.secretChanges.save(null, "KEY", "last");
    ids.push(await host.create());
    await eventually(
      () =>
        ids.length === 11 &&
        ids.every((id) => {
          const containers = [...(runtime.shelves.get(id)?.containers.values() ?? [])];
          return containers.length === 1 && containers[0]?.env.KEY === "last";
        }),
    );
    // One that came up with it by itself, between the change and its mark, is restarted once more.
    await eventually(async () => (await marks()).length === 0);
  });
});
