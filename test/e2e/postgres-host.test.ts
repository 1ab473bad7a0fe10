import { expect } from "chai";
import { useEngine, type Engine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { startHost, type HostOptions } from "../support/host.js";
import { freePort } from "../support/ports.js";
import { usePostgres } from "../support/postgres.js";
import { tempDir } from "../support/temp.js";
import { buildDemoImage } from "./demo-image.js";
import { create, field, find, untilStatus } from "./workspace-api.js";

describe("a host on a Postgres server and a container engine", () => {
  let engine: Engine;
  let options: HostOptions;

  before(async function () {
    engine = await useEngine(this);
    const postgres = await usePostgres(this);
    await buildDemoImage(engine);
    const { url } = await postgres.freshDatabase();
    // The same after a restart: the container calls the host at the address that it was started with.
    const env = { ...engine.env, DATABASE_URL: url, PORT: String(await freePort()) };
    options = { dev: true, dataDir: await tempDir("pg-host-"), env };
  });

  const containersOf = (id: string) =>
    engine.docker.listContainers({ all: true, filters: { label: [`molecule.workspace.id=${id}`] } });

  it("keeps workspaces, containers and events over a restart", async function () {
    this.timeout(240_000);
    const first = await startHost(options);
    const id = await create(first, { name: "Lasting", runtime: "demo", tier: 2 });
    const before = await untilStatus(first, id, "online");
    const [container] = await containersOf(id);
    const events = (await first.api("GET", "/events")).body;
    expect(await first.stop()).to.equal(0);

    const second = await startHost(options);
    expect(await find(second, id)).to.deep.include({ id, status: "online", url: before.url });
    expect((await containersOf(id))[0]?.Id).to.equal(container?.Id);
    expect((await second.api("GET", "/events")).body).to.deep.equal(events);
    expect((await second.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    expect(await second.stop()).to.equal(0);
  });

  // From before the engine is asked to after the container runs, in steps of what a create takes.
  for (const delayMs of [0, 40, 120, 250, 400]) {
    it(`sets right what a host left that was killed ${delayMs} ms after a create`, async function () {
      this.timeout(240_000);
      const first = await startHost(options);
      const id = await create(first, { name: "Cut short", runtime: "demo", tier: 2 });
      const killAt = performance.now() + delayMs;
      await eventually(() => performance.now() >= killAt, { intervalMs: 2 });
      await first.kill();

      const second = await startHost(options);
      await untilStatus(second, id, "online");
      await eventually(async () => {
        const [container, ...others] = await containersOf(id);
        expect(others).to.deep.equal([]);
        expect(container?.State).to.equal("running");
        return true;
      });
      expect((await second.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
      expect(await containersOf(id)).to.deep.equal([]);
      await second.stop();
    });
  }

  it("finishes after a restart what a delete had begun when its host was killed", async function () {
    this.timeout(240_000);
    const first = await startHost(options);
    const id = await create(first, { name: "Half gone", runtime: "demo", tier: 2 });
    await untilStatus(first, id, "online");
    const deletion = first.api("DELETE", `/workspaces/${id}`).catch(() => undefined);
    await eventually(async () => field((await first.api("GET", `/workspaces/${id}/state`)).body, "deleted"), {
      intervalMs: 2,
    });
    await first.kill();
    await deletion;

    const second = await startHost(options);
    await eventually(async () => (await containersOf(id)).length === 0, { what: "the container is gone" });
    const filters = { label: [`molecule.workspace.id=${id}`] };
    await eventually(async () => (await engine.docker.listVolumes({ filters })).Volumes.length === 0, {
      what: "the volumes are gone",
    });
    await second.stop();
  });
});
