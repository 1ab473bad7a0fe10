import { expect } from "chai";
import { readFileIn } from "../support/container-files.js";
import { useEngine, type Engine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { plantSecret } from "../support/secret-watch.js";
import { startSocketProxy, type SocketProxy } from "../support/socket-proxy.js";
import { buildDemoImage } from "./demo-image.js";
import { create, eventTypes, field, find, untilStatus } from "./workspace-api.js";

describe("a machine with a container engine", () => {
  let engine: Engine;
  let proxy: SocketProxy;
  let host: RunningHost;

  before(async function () {
    engine = await useEngine(this);
    await buildDemoImage(engine);
    proxy = await startSocketProxy(new URL(engine.url).pathname);
    host = await startHost({ dev: true, env: { DOCKER_HOST: proxy.url } });
  });

  after(async () => {
    await host.stop();
    await proxy.vanish();
  });

  const labelled = (id: string) => ({ label: [`molecule.workspace.id=${id}`] });

  it("takes the engine without being told, and says why", () => {
    expect(host.lines.map((line) => String(line.fields?.msg)).join("\n")).to.contain(
      "container runtime: docker",
    );
  });

  it("brings a workspace online in a container with labels, limits, files and token, and removes all of it", async function () {
    this.timeout(240_000);
    const id = await create(host, { name: "Hello", runtime: "demo", role: "pmm-lead", tier: 2 });
    const online = await untilStatus(host, id, "online");
    expect(online.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);

    const containers = await engine.docker.listContainers({ all: true, filters: labelled(id) });
    expect(containers.map((each) => each.Names)).to.deep.equal([[`/ws-${id.slice(0, 12)}`]]);
    const container = engine.docker.getContainer(containers[0]?.Id ?? "");
    const { Config, HostConfig, Mounts } = await container.inspect();
    expect(Config.Labels).to.include({
      "molecule.platform.managed": "true",
      "molecule.workspace.id": id,
      "molecule.workspace.attempt": "1",
    });
    expect(Config.Labels["molecule.platform.instance"]).to.match(/^[0-9a-f-]{36}$/);
    expect(Config.Env).to.include(`MOLECULE_ATTRIBUTION_BADGE=🤖 [Agent: Pmm-Lead · ws-${id.slice(0, 8)}]`);
    expect(HostConfig).to.deep.include({ Memory: 512 * 1024 * 1024, Privileged: false });
    expect(Mounts.map((mount) => mount.Destination)).to.include.members(["/configs", "/workspace"]);

    // The agent registered with this token, from inside and by host.docker.internal: it was there before the start.
    const names: unknown = await (await fetch(`${online.url}/env-names`)).json();
    expect(names).to.include("PLATFORM_URL").and.include("MOLECULE_GH_WRAPPER_B64");

    const volumes = await engine.docker.listVolumes({ filters: labelled(id) });
    expect(volumes.Volumes).to.have.length(2);
    expect((await host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    expect(await engine.docker.listContainers({ all: true, filters: labelled(id) })).to.deep.equal([]);
    expect((await engine.docker.listVolumes({ filters: labelled(id) })).Volumes).to.be.empty;
    expect(await eventTypes(host, id)).to.deep.equal([
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_ONLINE",
      "WORKSPACE_REMOVED",
    ]);
  });

  it("keeps the token out of every answer, event and log line", async function () {
    this.timeout(240_000);
    const id = await create(host, { name: "Secretive", runtime: "demo", tier: 2 });
    await untilStatus(host, id, "online");
    const [container] = await engine.docker.listContainers({ all: true, filters: labelled(id) });
    const token = await readFileIn(engine.docker.getContainer(container?.Id ?? ""), "/configs/.auth_token");
    expect(token).to.match(/^[A-Za-z0-9_-]{43}$/);
    plantSecret(token, "the token of a workspace in a container");
    const answers = await Promise.all(
      [
        "/workspaces",
        `/workspaces/${id}`,
        `/workspaces/${id}/env`,
        "/events",
        `/workspaces/${id}/console`,
      ].map(async (path) => (await host.api("GET", path)).text),
    );
    const shown = [...answers, ...host.lines.map((line) => line.text)].join("\n");
    expect(shown).not.to.contain(token);
    await host.api("DELETE", `/workspaces/${id}`);
  });

  it("deletes children with their parent, after it was asked to confirm", async function () {
    this.timeout(240_000);
    const parent = await create(host, { name: "Parent", runtime: "demo", tier: 2 });
    const child = await create(host, { name: "Child", runtime: "demo", tier: 2, parent_id: parent });
    await Promise.all([untilStatus(host, parent, "online"), untilStatus(host, child, "online")]);
    const asked = await host.api("DELETE", `/workspaces/${parent}`);
    expect(asked.status).to.equal(409);
    expect(field(asked.body, "children")).to.deep.equal([{ id: child, name: "Child" }]);
    const deleted = await host.api("DELETE", `/workspaces/${parent}?confirm=true&purge=true`);
    expect(deleted.body).to.deep.equal({ status: "purged", cascade_deleted: 1 });
    for (const id of [parent, child]) {
      expect(await engine.docker.listContainers({ all: true, filters: labelled(id) })).to.deep.equal([]);
      expect((await host.api("GET", `/workspaces/${id}`)).status).to.equal(404);
    }
  });

  it("wins with a delete over a provision that is under way", async function () {
    this.timeout(240_000);
    const ids = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        create(host, { name: `Short ${index}`, runtime: "demo", tier: 2 }),
      ),
    );
    const answers = await Promise.all(ids.map((id) => host.api("DELETE", `/workspaces/${id}`)));
    expect(answers.map((answer) => answer.status)).to.deep.equal([200, 200, 200, 200]);
    for (const id of ids) {
      expect(await engine.docker.listContainers({ all: true, filters: labelled(id) })).to.deep.equal([]);
      expect((await engine.docker.listVolumes({ filters: labelled(id) })).Volumes).to.be.empty;
      expect(field((await host.api("GET", `/workspaces/${id}/state`)).body, "deleted")).to.equal(true);
    }
  });

  it("stays up without its engine, tells it, and starts what waits when it is back", async function () {
    this.timeout(240_000);
    await proxy.vanish();
    await eventually(async () => field((await host.api("GET", "/ready")).body, "status") === "degraded", {
      what: "GET /ready tells that the engine is gone",
    });
    expect((await host.api("GET", "/ready")).status).to.equal(200);
    expect((await host.api("GET", "/health")).body).to.deep.equal({ status: "ok" });
    const id = await create(host, { name: "Too early", runtime: "demo", tier: 2 });
    await eventually(async () => (await find(host, id))?.last_sample_error.includes("engine"), {
      what: "the workspace says what it waits for",
    });
    expect((await find(host, id))?.status).to.equal("provisioning");

    await proxy.comeBack();
    await eventually(async () => field((await host.api("GET", "/ready")).body, "status") === "ready", {
      what: "GET /ready tells that the engine is back",
    });
    const later = await create(host, { name: "In time", runtime: "demo", tier: 2 });
    await untilStatus(host, later, "online");
    await untilStatus(host, id, "online");
    for (const each of [id, later])
      expect((await host.api("DELETE", `/workspaces/${each}`)).status).to.equal(200);
  });
});
