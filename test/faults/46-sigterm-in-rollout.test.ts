import { expect } from "chai";
import { EngineProxy } from "../support/engine-faults.js";
import { useEngine, type Engine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { markVolumes, readMarks } from "../support/volume-marks.js";
import { checkInvariants } from "./invariants.js";

/** What the host promises; faults.md. */
const STOP_WITHIN_MS = 15_000;

/** Calls of a swap in which the engine hangs. */
const HUNG = {
  "stops the old container": /^\/containers\/[0-9a-f]+\/stop$/,
  "creates the new container": /^\/containers\/create$/,
  "starts the new container": /^\/containers\/[0-9a-f]+\/start$/,
};

describe("faults.md 46: SIGTERM while the engine hangs in a rollout", function () {
  this.timeout(240_000);
  let engine: Engine;
  let proxy: EngineProxy;
  let fleet: RolloutFleet;
  let id = "";

  before(async function () {
    engine = await useEngine(this);
    proxy = await EngineProxy.start(this, engine);
    fleet = await RolloutFleet.start(this, { engine, registry: true, env: { DOCKER_HOST: proxy.url } });
    [id = ""] = await fleet.create(1);
  });
  afterEach(() => proxy.heal());
  after(async () => {
    try {
      await fleet.end();
    } finally {
      await proxy.close();
    }
  });

  for (const [what, path] of Object.entries(HUNG)) {
    it(`exits with 0 within 15 s while it ${what}, and the rollout is finished when the engine is back`, async () => {
      const marks = await markVolumes(await current());
      const { imageId } = await fleet.images.push("good");
      proxy.fail("POST", path, { kind: "hang" });
      // In flight until the rollout ends: told in time, or cut.
      const refreshed = fleet.refresh().catch(() => undefined);
      await eventually(() => proxy.count("POST", path) > 0, { what: "the engine hangs", timeoutMs: 60_000 });
      const signalled = performance.now();
      expect(await fleet.host.stop("SIGTERM")).to.equal(0);
      expect(performance.now() - signalled).to.be.lessThan(STOP_WITHIN_MS);
      await refreshed;

      proxy.heal();
      await fleet.boot();
      const { id: rollout = "" } = (await fleet.rollout()) ?? {};
      expect(await fleet.ended(rollout)).to.include({ status: "completed", error: null });
      const containers = (await fleet.containers(id)).map(({ State, ImageID }) => [State, ImageID]);
      expect(containers).to.deep.equal([["running", imageId]]);
      expect(await readMarks(await current())).to.deep.equal(marks);
      await checkInvariants(
        { docker: engine.docker, databaseUrl: fleet.databaseUrl, hosts: [fleet.host] },
        { accepted: [id] },
      );
    });
  }

  async function current() {
    const [newest] = await fleet.containers(id);
    return engine.docker.getContainer(newest?.Id ?? "");
  }
});
