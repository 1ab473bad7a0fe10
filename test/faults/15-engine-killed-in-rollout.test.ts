import type Docker from "dockerode";
import { expect } from "chai";
import { field } from "../e2e/workspace-api.js";
import { closedGate, EngineProxy } from "../support/engine-faults.js";
import { useOwnEngine, type OwnEngine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { markVolumes, readMarks } from "../support/volume-marks.js";
import { checkInvariants } from "./invariants.js";

/** What the engine is killed at. */
interface Cut {
  /** Of a swap, given the id of the container that is replaced. */
  readonly request: (old: string) => readonly [method: string, path: string];
  /** Whether the engine has done it; nobody hears so. */
  readonly done: boolean;
}

const lookAt = (old: string) => ["GET", `/containers/${old}/json`] as const;
const stopOld = (old: string) => ["POST", `/containers/${old}/stop`] as const;
const createNew = () => ["POST", "/containers/create"] as const;
const startNew = (old: string) => ["POST", `/containers/(?!${old})[0-9a-f]+/start`] as const;
const startOld = (old: string) => ["POST", `/containers/${old}/start`] as const;
const removeOld = (old: string) => ["DELETE", `/containers/${old}`] as const;

/** On the way to the new image. */
const CUTS: readonly (Cut & { readonly at: string })[] = [
  { at: "when the old container is looked at", request: lookAt, done: false },
  { at: "when all is prepared", request: stopOld, done: false },
  { at: "when the old container is stopped", request: stopOld, done: true },
  { at: "when the new container is created", request: createNew, done: true },
  { at: "when the new container is started", request: startNew, done: true },
  { at: "when the old container is to be removed", request: removeOld, done: false },
  { at: "when the old container is removed", request: removeOld, done: true },
];

describe("fault 15: the engine is killed in a rollout and started again", function () {
  this.timeout(240_000);
  let engine: OwnEngine;
  let proxy: EngineProxy;
  let fleet: RolloutFleet;
  let ids: readonly string[];
  /** What stands in the workspaces' volumes. */
  let marks: readonly (readonly string[])[];

  before(async function () {
    engine = await useOwnEngine(this);
    proxy = await EngineProxy.start(this, engine);
    fleet = await RolloutFleet.start(this, {
      engine,
      registry: true,
      plugins: ["health-sweep", "orphan-sweeper"],
      env: { DOCKER_HOST: proxy.url, ROLLOUT_SOAK_SECONDS: "3" },
    });
    ids = await fleet.create(2);
  });

  beforeEach(async () => {
    // Each test is the first loss of its workspaces: later ones in a row wait.
    await fleet.client.query("update workspace_sweeps set restarts = 0");
    marks = await Promise.all((await newest()).map(markVolumes));
  });

  after(async () => {
    await fleet.end();
    await proxy.close();
  });

  for (const cut of CUTS) {
    it(`${cut.at}: every workspace has the new image in the end`, async () => {
      const { imageId } = await fleet.images.push("good");
      const refreshed = await refreshKilledAt(cut);
      expect(field(refreshed.body, "errors")).to.deep.equal({});
      await expectAllOn(imageId);
    });
  }

  for (const [moment, behaviour, status] of [
    ["waits for its agent", "late", "provisioning"],
    ["soaks", "good", "online"],
  ] as const) {
    it(`while the new container ${moment}: its image is not to blame`, async () => {
      const { imageId } = await fleet.images.push(behaviour);
      const refreshed = fleet.refresh();
      await eventually(() => inGate(status), { what: `it ${moment}`, timeoutMs: 60_000 });
      await engine.kill();
      proxy.dropConnections();
      await startedAgain();
      expect(field((await refreshed).body, "errors")).to.deep.equal({});
      await expectAllOn(imageId);
    });
  }

  it("together with the host, while the new container soaks: the swap is finished", async () => {
    const { imageId } = await fleet.images.push("good");
    const refreshed = fleet.refresh().catch(() => undefined);
    await eventually(() => inGate("online"), { what: "it soaks", timeoutMs: 60_000 });
    await engine.kill();
    await fleet.host.kill();
    await refreshed;
    await engine.start();
    await fleet.boot();
    const { id = "" } = (await fleet.rollout()) ?? {};
    await fleet.ended(id);
    await expectAllOn(imageId);
  });

  it("while the image is pulled: nothing is touched, and the next refresh brings it", async () => {
    const { imageId } = await fleet.images.push("good");
    const before = await containerIds();
    const refreshed = await refreshKilledAt({ request: () => ["POST", "/images/create"], done: false });
    expect(field(refreshed.body, "failed")).to.deep.equal(["demo"]);
    expect(await containerIds()).to.deep.equal(before);
    expect(field((await fleet.refresh()).body, "errors")).to.deep.equal({});
    await expectAllOn(imageId);
  });

  it("on the way back from an image that ends at once: the old one runs again", async () => {
    const before = await fleet.workspaces();
    const { digest } = await fleet.images.push("exits");
    const refreshed = await refreshKilledAt({ request: startOld, done: true });
    expect(field(refreshed.body, "rolled_back")).to.have.length(1);
    const [{ image_id: imageId } = { image_id: null }] = before;
    await expectSettled(String(imageId));
    const kept = await fleet.client.query("select digest from image_quarantine");
    expect(kept.rows, "it ended by itself").to.deep.equal([{ digest }]);
    await fleet.client.query("delete from image_quarantine");
  });

  /**
   * A refresh under which the engine is killed, at the request that it hangs in, or whose answer it has given, and
   * started again.
   */
  async function refreshKilledAt({ request, done }: Cut) {
    const answer = closedGate();
    const olds = await containerIds();
    const cuts = olds.map(request);
    const method = cuts[0]?.[0] ?? "";
    const path = new RegExp(`^(${cuts.map(([, each]) => each).join("|")})$`);
    proxy.fail(method, path, done ? { kind: "hold", until: answer.opened } : { kind: "hang" });
    const refreshed = fleet.refresh();
    const reached = () => (done ? proxy.countAnswered(method, path) : proxy.count(method, path)) > 0;
    await eventually(reached, { what: "the engine is asked", timeoutMs: 60_000, intervalMs: 5 });
    await engine.kill();
    proxy.dropConnections();
    answer.open();
    await startedAgain();
    return await refreshed;
  }

  /** While it is away the host goes on. */
  async function startedAgain(): Promise<void> {
    proxy.heal();
    try {
      expect((await fleet.host.api("GET", "/health")).status).to.equal(200);
      // For 2 s readiness goes by what the engine answered last.
      const isDegraded = async () =>
        field((await fleet.host.api("GET", "/ready")).body, "status") === "degraded";
      await eventually(isDegraded, { what: "the engine is missed", timeoutMs: 20_000 });
    } finally {
      await engine.start();
    }
  }

  async function inGate(status: string): Promise<boolean> {
    const found = await fleet.client.query(
      `select 1 from workspace_swaps join workspaces on id = workspace_id where phase = 'gating' and status = $1`,
      [status],
    );
    return found.rowCount === 1;
  }

  async function expectAllOn(imageId: string): Promise<void> {
    expect((await fleet.rollout())?.status).to.equal("completed");
    expect((await fleet.client.query("select digest from image_quarantine")).rows).to.deep.equal([]);
    await expectSettled(imageId);
  }

  /** Of every workspace one container of this image runs, where its row has it, with the volumes that it had. */
  async function expectSettled(imageId: string): Promise<void> {
    expect((await fleet.client.query("select 1 from workspace_swaps")).rowCount).to.equal(0);
    await eventually(
      async () => {
        await fleet.host.api("POST", "/admin/loops/health-sweep", { action: "run" });
        const rows = await fleet.workspaces();
        expect(rows.map(({ status, image_id }) => [status, image_id])).to.deep.equal(
          ids.map(() => ["online", imageId]),
        );
        for (const id of ids) {
          const [only, ...others] = await fleet.containers(id);
          expect(others).to.deep.equal([]);
          expect([only?.State, only?.ImageID]).to.deep.equal(["running", imageId]);
          const { rows: urls } = await fleet.client.query("select url from workspaces where id = $1", [id]);
          expect(urls).to.deep.equal([{ url: `http://127.0.0.1:${only?.Ports[0]?.PublicPort ?? ""}` }]);
        }
        expect((await fleet.host.api("GET", "/ready")).body).to.include({ status: "ready" });
        return true;
      },
      { what: "all is well again", timeoutMs: 60_000, intervalMs: 500 },
    );
    expect(await Promise.all((await newest()).map(readMarks))).to.deep.equal(marks);
    await checkInvariants(
      { docker: engine.docker, databaseUrl: fleet.databaseUrl, hosts: [fleet.host] },
      { accepted: ids },
    );
  }

  async function containerIds(): Promise<string[]> {
    const found = await Promise.all(ids.map((id) => fleet.containers(id)));
    return found.map(([newest]) => newest?.Id ?? "");
  }

  async function newest(): Promise<Docker.Container[]> {
    return (await containerIds()).map((id) => engine.docker.getContainer(id));
  }
});
