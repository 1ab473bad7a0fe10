import { expect } from "chai";
import { BACK_WITHIN_MS, ContainerTimes } from "../support/container-times.js";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants } from "../faults/invariants.js";
import { rolloutTimeline } from "./rollout-timeline.js";

/** A good agent needs a good part of it to register on a busy machine. */
const GATE_SECONDS = 20;
/** How bad images behave, and what is told of them. */
const BAD_IMAGES = [
  { image: "exits", what: "exits", told: "its container ended" },
  { image: "silent", what: "never registers", told: "neither registered nor sent a heartbeat" },
] as const;

describe("images from a registry, rolled out to ten workspaces on a real engine", () => {
  let fleet: RolloutFleet;
  let ids: string[];

  before(async function () {
    this.timeout(300_000);
    fleet = await RolloutFleet.start(this, {
      registry: true,
      env: { ROLLOUT_GATE_SECONDS: String(GATE_SECONDS), ROLLOUT_MAX_UNAVAILABLE: "2" },
    });
    ids = await fleet.create(10);
  });

  after(async function () {
    this.timeout(240_000);
    process.stdout.write(`\n${await rolloutTimeline(fleet)}\n`);
    await fleet.end();
  });

  it("brings all ten to a new image: one canary, then one, then the rest, with an event for each", async function () {
    this.timeout(300_000);
    const { digest, imageId } = await fleet.images.push("good");
    const answer = await fleet.refresh();
    expect(answer.status, answer.text).to.equal(200);
    expect(report(answer.body)).to.deep.include({
      pulled: ["demo"],
      failed: [],
      rolled_back: [],
      errors: {},
    });
    expect(sorted(report(answer.body).recreated)).to.deep.equal(sorted(ids.map(nameOf)));
    await expectAllOn(imageId);

    const events = await fleet.events();
    const at = (type: string) => events.flatMap((event, index) => (event.type === type ? [index] : []));
    const replaced = at("WORKSPACE_IMAGE_REPLACED");
    const begun = at("WORKSPACE_DRAINING");
    expect(replaced).to.have.length(10);
    expect(begun).to.have.length(10);
    // The canary, which is the tenth of ten as well, is through before the next one is told to drain.
    expect(begun[1]).to.be.above(replaced[0] ?? Infinity);
    const [last] = events.slice(at("IMAGE_ROLLOUT_FINISHED")[0] ?? Infinity);
    expect(last?.payload).to.include({ runtime: "demo", digest, verdict: "completed" });
    expect(events.filter(({ type }) => type === "IMAGE_REFRESHED")).to.have.length(1);
    await settled();
  });

  for (const { image, what, told } of BAD_IMAGES) {
    it(`tries an image that ${what} on one workspace, goes back, keeps it back and never touches the other nine`, async function () {
      this.timeout(300_000);
      const before = await fleet.workspaces();
      const { digest } = await fleet.images.push(image);
      const seen = (await fleet.events()).length;
      const since = Math.floor(Date.now() / 1000);
      const answer = await fleet.refresh();
      expect(answer.status, answer.text).to.equal(200);
      const events = (await fleet.events()).slice(seen);
      const drained = events.filter(({ type }) => type === "WORKSPACE_DRAINING");
      expect(drained).to.have.length(1);
      const tried = drained[0]?.workspace ?? "";
      expect(report(answer.body)).to.deep.include({
        pulled: ["demo"],
        failed: [],
        recreated: [],
        rolled_back: [nameOf(tried)],
      });
      expect(report(answer.body).errors.demo).to.contain("quarantined").and.contain(told);
      const kept = events.filter(({ type }) => type === "IMAGE_QUARANTINED");
      expect(kept.map(({ payload }) => payload)).to.have.length(1);
      expect(kept[0]?.payload).to.include({ digest, workspace_id: tried });

      const { attempt = 0 } = before.find(({ id }) => id === tried) ?? {};
      const times = await ContainerTimes.read(fleet.engine.docker, tried, since);
      const newest = (await fleet.client.query<{ last_attempt: number }>(LAST_ATTEMPT, [tried])).rows[0];
      const from =
        image === "exits"
          ? times.of("die", newest?.last_attempt ?? 0)
          : times.of("start", newest?.last_attempt ?? 0) + GATE_SECONDS * 1000;
      expect(times.of("start", attempt) - from).to.be.within(0, BACK_WITHIN_MS);
      await expectUntouched(before);
    });
  }

  it("ends on the new image when the host is killed in the middle of its rollout", async function () {
    this.timeout(300_000);
    const { imageId } = await fleet.images.push("good");
    const rollout = await killedAtSwap(3);
    await fleet.boot();
    expect(await fleet.ended(rollout, 240_000)).to.include({ status: "completed" });
    await settled();
    await expectAllOn(imageId);
    await expectInvariants();
  });

  for (const { image, what } of BAD_IMAGES) {
    it(`ends on the old image when the host is killed while it tries one that ${what}`, async function () {
      this.timeout(300_000);
      const before = await fleet.workspaces();
      await fleet.images.push(image);
      const rollout = await killedAtSwap(1);
      await fleet.boot();
      expect(await fleet.ended(rollout, 240_000)).to.include({ status: "quarantined" });
      await expectUntouched(before);
      const { demo } = report((await fleet.refresh()).body).errors;
      expect(demo).to.contain("quarantine");
      expect((await fleet.rollout())?.id).to.equal(rollout);
      const { text } = await fleet.host.api("GET", "/admin/workspace-images");
      expect(text).to.contain('"pending_digest":null');
    });
  }

  it("starts a new workspace with the last good image while a bad one is kept back, and tells how to lift it", async function () {
    this.timeout(240_000);
    // The template's tag is the bad image now, in the registry and in the engine.
    const [good] = await fleet.workspaces();
    const [bad] = (await fleet.client.query<{ digest: string }>(NEWEST_QUARANTINED)).rows;
    ids.push(...(await fleet.create(1)));
    const [youngest] = (await fleet.workspaces()).slice(-1);
    expect(youngest).to.include({ status: "online", image_id: good?.image_id });

    const path = `/admin/workspace-images/quarantine/${bad?.digest ?? ""}`;
    const listed = await fleet.host.api("GET", "/admin/workspace-images/quarantine");
    expect(listed.text)
      .to.contain(bad?.digest ?? "none")
      .and.contain("its container ended");
    expect((await fleet.host.api("DELETE", path)).text).to.contain('"status":"lifted"');
    expect((await fleet.host.api("DELETE", path)).status).to.equal(404);
  });

  it("finds, by a watcher that remembers nothing, what was pushed while nobody watched, and what is pushed then", async function () {
    this.timeout(300_000);
    await fleet.host.stop();
    await fleet.client.query("delete from image_digests");
    const { imageId } = await fleet.images.push("good");
    await fleet.boot({ IMAGE_AUTO_REFRESH: "true" });
    await arrived(imageId);
    await eventually(async () => (await watched()).includes("1 unchanged"), { timeoutMs: 60_000 });

    const next = await fleet.images.push("good");
    expect(await watched()).to.contain("1 pulled");
    await arrived(next.imageId);
    await expectInvariants();
  });

  /** Asks for a refresh, and kills the host when so many swaps have begun; the rollout's id. */
  async function killedAtSwap(count: number): Promise<string> {
    const drained = async () => (await fleet.events()).filter(({ type }) => type === "WORKSPACE_DRAINING");
    const before = (await drained()).length;
    const answer = fleet.refresh().catch(() => "cut off");
    await eventually(async () => (await drained()).length >= before + count, {
      what: "the rollout is in its middle",
      timeoutMs: 120_000,
    });
    await fleet.host.kill();
    expect(await answer).to.equal("cut off");
    const rollout = await fleet.rollout();
    expect(rollout?.status).to.equal("running");
    return rollout?.id ?? "";
  }

  async function watched(): Promise<string> {
    return (await fleet.host.api("POST", "/admin/loops/image-watcher", { action: "run" })).text;
  }

  /** Waits for a rollout that nobody here asked for. */
  async function arrived(imageId: string): Promise<void> {
    const query = "select 1 from rollouts where image_id = $1 and status = 'completed'";
    await eventually(async () => (await fleet.client.query(query, [imageId])).rowCount === 1, {
      what: "the watcher's rollout is completed",
      timeoutMs: 240_000,
    });
    await settled();
    await expectAllOn(imageId);
  }

  async function expectAllOn(imageId: string): Promise<void> {
    const images = (await fleet.workspaces()).map(({ image_id }) => image_id);
    expect(images).to.deep.equal(ids.map(() => imageId));
  }

  /** Attempt and image of each are as they were. */
  async function expectUntouched(before: Awaited<ReturnType<RolloutFleet["workspaces"]>>): Promise<void> {
    await settled();
    const same = ({ id, attempt, image_id }: (typeof before)[number]) => ({ id, attempt, image_id });
    expect((await fleet.workspaces()).map(same)).to.deep.equal(before.map(same));
    await expectInvariants();
  }

  async function expectInvariants(): Promise<void> {
    const { engine, databaseUrl, host } = fleet;
    await checkInvariants({ docker: engine.docker, databaseUrl, hosts: [host] }, { accepted: ids });
  }

  async function settled(): Promise<void> {
    await eventually(async () => (await fleet.workspaces()).every(({ status }) => status === "online"), {
      what: "all workspaces are online",
      timeoutMs: 90_000,
    });
  }
});

const LAST_ATTEMPT = "select last_attempt from workspaces where id = $1";
const NEWEST_QUARANTINED =
  "select digest from image_quarantine where reason like '%container ended%' order by created_at desc limit 1";

interface Report {
  readonly pulled: readonly string[];
  readonly failed: readonly string[];
  readonly recreated: readonly string[];
  readonly rolled_back: readonly string[];
  readonly errors: Readonly<Record<string, string>>;
}

/** The answer of a refresh, which must have all that api.md §9 says. */
function report(body: unknown): Report {
  if (!isReport(body)) throw new Error(`no report: ${JSON.stringify(body)}`);
  return body;
}

function isReport(body: unknown): body is Report {
  if (typeof body !== "object" || body === null) return false;
  const fields = new Map<string, unknown>(Object.entries(body));
  const isList = (name: string) => Array.isArray(fields.get(name));
  return ["pulled", "failed", "recreated", "rolled_back"].every(isList) && fields.get("errors") !== null;
}

function nameOf(workspaceId: string): string {
  return `ws-${workspaceId.slice(0, 12)}`;
}

function sorted(names: readonly string[]): string[] {
  return [...names].sort();
}
