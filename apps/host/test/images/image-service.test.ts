import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { sql } from "kysely";
import { addWorkspace, useDatabase } from "../storage/databases.js";
import { ImageWorld } from "./image-world.js";

describe("the image service", () => {
  const database = useDatabase("pglite");
  let world: ImageWorld;
  beforeEach(async function () {
    await sql`truncate image_digests, pulled_images, proven_images, image_quarantine`.execute(database.db);
    world = await ImageWorld.open(this, database);
  });
  afterEach(() => world.end());

  const digests = () => world.rollouts.started.map(({ digest }) => digest);
  const settled = async (outcome: string) =>
    await eventually(async () => (await world.check()) === outcome, { what: `a check is ${outcome}` });
  /** The world after the first look at an image that nothing runs. */
  const seed = async () => {
    const first = await world.pushed.push(world.name, "first");
    expect(await world.check()).to.equal("seeded");
    return first;
  };

  it("watches what a registry can change, and nothing that is built here", () => {
    expect(world.images.watched()).to.deep.equal(["x"]);
  });

  it("rolls out what it has pulled and verified, and asks with one HEAD while nothing changes", async () => {
    await seed();
    const second = await world.pushed.push(world.name, "second");
    expect(await world.check()).to.equal("pulled");
    await settled("unchanged");
    const [target] = world.rollouts.started;
    expect(target).to.include({ runtime: "x", digest: second, requestedBy: "watcher" });
    expect(target?.imageId).to.equal(
      (await world.engine.docker.getImage(target?.reference ?? "").inspect()).Id,
    );
    world.proxy.reset();
    expect(await world.check()).to.equal("unchanged");
    expect(world.proxy.seen.map(({ method, headers }) => [method, headers["if-none-match"]])).to.deep.equal([
      ["HEAD", `"${second}"`],
    ]);
  });

  it("tries a rollout again at the next check when it was rolled back", async () => {
    await seed();
    const second = await world.pushed.push(world.name, "second");
    world.rollouts.verdict = "rolled-back";
    expect(await world.check()).to.equal("pulled");
    await eventually(async () =>
      (await world.events.list({ limit: 10 })).some((each) => each.event_type === "IMAGE_REFRESH_FAILED"),
    );
    expect(await world.check()).to.equal("pulled");
    await eventually(() => digests().length === 2);
    expect(digests()).to.deep.equal([second, second]);
  });

  it("leaves a quarantined digest alone, and takes the next one", async () => {
    await seed();
    const bad = await world.pushed.push(world.name, "bad");
    world.rollouts.quarantined.add(bad);
    expect(await world.check()).to.equal("quarantined");
    expect(await world.has(bad)).to.equal(false);
    await world.pushed.push(world.name, "good");
    expect(await world.check()).to.equal("pulled");
  });

  it("begins no second rollout of what is on its way, and follows a tag that flips back", async () => {
    const first = await seed();
    await world.pushed.retag(world.name, world.name.replace("latest", "kept"));
    const second = await world.pushed.push(world.name, "second");
    world.rollouts.verdict = null;
    expect(await world.check()).to.equal("pulled");
    expect(await world.check()).to.equal("rolling-out");
    await world.pushed.retag(world.name.replace("latest", "kept"), world.name);
    expect(await world.check()).to.equal("pulled");
    await eventually(() => digests().length === 2);
    expect(digests()).to.deep.equal([second, first]);
    world.rollouts.end("superseded");
    world.rollouts.end("completed");
    await settled("unchanged");
    expect(digests()).to.deep.equal([second, first]);
  });

  it("takes up after a restart what was on its way", async () => {
    await seed();
    const second = await world.pushed.push(world.name, "second");
    world.rollouts.verdict = null;
    expect(await world.check()).to.equal("pulled");
    await eventually(() => digests().length === 1);
    await world.restart();
    world.rollouts.verdict = "completed";
    expect(await world.check()).to.equal("pulled");
    await settled("unchanged");
    expect(digests()).to.deep.equal([second, second]);
  });

  it("of an index only this platform's image counts", async () => {
    const first = await world.pushed.push(world.name, "first");
    await world.pushed.pushIndex(world.name, first, "a");
    expect(await world.check()).to.equal("seeded");
    await world.pushed.pushIndex(world.name, first, "bb");
    expect(await world.check()).to.equal("unchanged");
    world.proxy.reset();
    expect(await world.check()).to.equal("unchanged");
    expect(world.proxy.seen.map(({ method }) => method)).to.deep.equal(["HEAD"]);
    expect(digests()).to.deep.equal([]);

    const second = await world.pushed.push(world.name, "second");
    const index = await world.pushed.pushIndex(world.name, second, "a");
    expect(await world.check()).to.equal("pulled");
    await settled("unchanged");
    expect(digests()).to.deep.equal([index]);
    expect(await world.has(index)).to.equal(true);
  });

  it("pulls alone where workspaces are to stay, and the watcher still brings them the image later", async () => {
    await seed();
    const second = await world.pushed.push(world.name, "second");
    const report = await world.images.refresh("x", { recreate: false });
    expect(report).to.deep.equal({ pulled: ["x"], failed: [], recreated: [], rolled_back: [], errors: {} });
    expect(digests()).to.deep.equal([]);
    expect(await world.check()).to.equal("pulled");
    await eventually(() => digests().length === 1);
    expect(digests()).to.deep.equal([second]);
  });

  it("refreshes all that come from a registry, and tells what did not stay", async () => {
    await world.pushed.push(world.name, "first");
    expect(await world.images.refresh(undefined, { recreate: true })).to.deep.include({
      pulled: ["x"],
      recreated: ["ws-1"],
    });
    await world.pushed.push(world.name, "second");
    world.rollouts.verdict = "quarantined";
    const report = await world.images.refresh(undefined, { recreate: true });
    expect(report).to.deep.include({ pulled: ["x"], failed: [], recreated: [] });
    expect(report.errors.x).to.match(/is quarantined: it did not register/);
  });

  it("turns many hints into few checks", async () => {
    await seed();
    const second = await world.pushed.push(world.name, "second");
    world.proxy.reset();
    for (let count = 0; count < 50; count += 1) world.images.hint();
    await eventually(() => digests().length > 0);
    expect(digests()).to.deep.equal([second]);
    expect(world.rollouts.started[0]?.requestedBy).to.equal("webhook");
    await world.restart();
    expect(world.proxy.ours("HEAD", /./).length).to.be.at.most(2);
  });

  it("removes an image it pulled after the keep time, and neither younger nor needed ones", async () => {
    await seed();
    const second = await world.pushed.push(world.name, "second");
    await world.check();
    await settled("unchanged");
    const third = await world.pushed.push(world.name, "third");
    await world.check();
    await settled("unchanged");
    expect(await world.removeOld()).to.deep.equal([]);
    await world.restart(7);
    expect(await world.removeOld()).to.deep.equal([]);
    await sql`update pulled_images set needed_at = now() - interval '8 days'`.execute(database.db);
    expect((await world.removeOld(true)).join()).to.include(second);
    expect(await world.has(second)).to.equal(true);
    expect(await world.removeOld()).to.have.length(1);
    expect(await world.has(second)).to.equal(false);
    expect(await world.has(third)).to.equal(true);
  });

  it("removes no old image that a start or a way back may need", async () => {
    await seed();
    const { db } = database;
    const image = { runtime: "x", reference: "x", image_id: "sha256:elsewhere" };
    const needs: readonly ((digest: string) => Promise<unknown>)[] = [
      (digest) =>
        db
          .insertInto("proven_images")
          .values({ ...image, digest })
          .execute(),
      (digest) =>
        db
          .insertInto("image_quarantine")
          .values({ ...image, digest, reason: "it ended", created_by: "refresh" })
          .execute(),
      (digest) => addWorkspace(db, { status: "paused", image_pin: digest }),
      (digest) => addWorkspace(db, { status: "offline", image_digest: digest }),
    ];
    const kept: string[] = [];
    for (const [index, need] of needs.entries()) {
      const digest = await world.pushed.push(world.name, `kept ${index}`);
      expect(await world.check()).to.equal("pulled");
      await settled("unchanged");
      await need(digest);
      kept.push(digest);
    }
    await world.pushed.push(world.name, "newest");
    await world.check();
    await settled("unchanged");
    await world.restart(7);
    await sql`update pulled_images set needed_at = now() - interval '8 days'`.execute(db);
    expect(await world.removeOld()).to.deep.equal([]);
    expect(await Promise.all(kept.map((digest) => world.has(digest)))).to.deep.equal(kept.map(() => true));
  });
});
