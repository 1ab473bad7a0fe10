import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { Agent, request, type ClientRequest } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import pg from "pg";
import { create, field, find, untilStatus } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { usePostgres } from "../support/postgres.js";
import { tempDir } from "../support/temp.js";
import { manifestOf } from "./plugins.js";
import { FaultWorld } from "./world.js";

/** What the host promises; faults.md. */
const STOP_WITHIN_MS = 15_000;
const IN_FLIGHT = 20;

/** A loop that is always in the middle of a tick, and tells when that is aborted. */
const LOOP = `export default {
  $$type: "@molecule/plugin", name: "busy", api: 1, stage: "main",
  setup(ctx) {
    ctx.loops.add({ name: "busy", intervalMs: 10, timeoutMs: 60_000, runAtStart: true, async tick({ signal }) {
      ctx.log.info("busy tick began");
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      ctx.log.info("busy tick aborted");
    } });
    ctx.onDispose(() => ctx.log.info("busy disposed"));
  },
};\n`;

/** Writes through a port as late as a plugin may: when its tick is aborted, and when it is disposed. */
const LATE_WRITES = `
  const leases = ctx.resolve(Symbol.for("@molecule/port/loop-leases"));
  const write = async (who) => {
    await (await leases.acquire(who, 0)).release();
    ctx.log.info("written by " + who);
  };
  const figures = { intervalMs: 10, timeoutMs: 60_000, runAtStart: true, singleton: true };
  ctx.loops.add({ name: "late", ...figures, async tick({ signal }) {
    ctx.log.info("late tick began");
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    await write("the tick");
  } });
  ctx.onDispose(() => write("onDispose"));
`;

describe("faults.md 46: SIGTERM under load", function () {
  this.timeout(180_000);

  it("lets requests in flight finish, stops the loops, and exits with 0 within 15 s", async () => {
    const folder = await tempDir("sigterm-");
    const dataDir = await tempDir("sigterm-data-");
    const manifest = join(folder, "manifest.json");
    await writeFile(join(folder, "busy.mjs"), LOOP);
    const plugins = [{ name: "busy", module: "./busy.mjs" }];
    await writeFile(
      manifest,
      JSON.stringify({ version: 1, plugins, workspace_templates: [{ name: "langgraph", image: "x" }] }),
    );
    const start = () =>
      startHost({ dev: true, dataDir, manifest, env: { CONTAINER_RUNTIME: "none", RATE_LIMIT: "1000000" } });
    const host = await start();
    await host.waitForLine((line) => line.text.includes("busy tick began"));

    const load = new Load(host);
    await eventually(() => load.created.length > 0, { what: "a creation under load" });
    const waiting = await Promise.all(Array.from({ length: IN_FLIGHT }, (_, index) => begin(host, index)));
    const signalled = performance.now();
    const exit = host.stop("SIGTERM");
    await host.waitForLine((line) => line.text.includes("stopping"));
    const answers = await Promise.all(waiting.map(finish));
    const code = await exit;
    const tookMs = performance.now() - signalled;
    await load.end();

    expect(answers.map(({ status }) => status)).to.deep.equal(Array(IN_FLIGHT).fill(201));
    expect(code).to.equal(0);
    expect(tookMs).to.be.lessThan(STOP_WITHIN_MS);
    const said = host.lines.map((line) => line.text).join("\n");
    expect(said).to.contain("busy tick aborted").and.contain("busy disposed").and.contain("stopped");
    expect(said).not.to.match(/"level":(50|60)/);

    const again = await start();
    for (const id of [...answers.map((answer) => String(field(answer.body, "id"))), ...load.created]) {
      expect(await find(again, id), `the workspace ${id}, whose creation was answered`).not.to.equal(
        undefined,
      );
    }
    await again.stop();
  });

  it("takes two signals at once for one, as Ctrl-C under npm sends them, and a later one for impatience", async () => {
    const start = () => startHost({ dev: true, env: { CONTAINER_RUNTIME: "none" } });
    const calm = await start();
    const held = await begin(calm, 0);
    process.kill(calm.pid, "SIGINT");
    // Two of the same may be merged on their way; signal(7).
    process.kill(calm.pid, "SIGTERM");
    expect((await finish(held)).status).to.equal(201);
    expect(await calm.exited()).to.equal(0);

    const hurried = await start();
    const cut = (await begin(hurried, 0)).call;
    const cutOff = once(cut, "error");
    process.kill(hurried.pid, "SIGINT");
    await hurried.waitForLine((line) => line.text.includes("stopping: SIGINT"));
    const stopping = performance.now();
    await eventually(() => performance.now() - stopping > 1_200, { what: "a second and a bit has passed" });
    expect(await hurried.stop("SIGINT")).to.equal(1);
    await cutOff;
  });

  it("stops loops and plugins while the ports that they use still work, and leaves no lease behind", async function () {
    const { url } = await (await usePostgres(this)).freshDatabase();
    const manifest = await manifestOf({ late: { setup: LATE_WRITES } });
    const env = { CONTAINER_RUNTIME: "none", DATABASE_URL: url };
    const host = await startHost({ dev: true, manifest, env });
    await host.waitForLine((line) => line.text.includes("late tick began"));

    expect(await host.stop("SIGTERM")).to.equal(0);
    const said = host.lines.map((line) => line.text).join("\n");
    expect(said).to.contain("written by the tick").and.contain("written by onDispose");
    expect(said).not.to.match(/"level":(40|50|60)/);

    const database = new pg.Client(url);
    await database.connect();
    const held = await database.query("select loop from loop_leases where expires_at > now()");
    await database.end();
    expect(held.rows).to.deep.equal([]);
  });
});

describe("faults.md 46: SIGTERM while the engine hangs", function () {
  this.timeout(240_000);
  let world: FaultWorld;
  before(async function () {
    world = await FaultWorld.open(this);
  });
  after(() => world.close());

  const stopInTime = async () => {
    const signalled = performance.now();
    expect(await world.host.stop("SIGTERM")).to.equal(0);
    expect(performance.now() - signalled).to.be.lessThan(STOP_WITHIN_MS);
  };

  it("exits with 0 within 15 s, and what it gave up is finished when the engine is back", async () => {
    const provision = (name: string) => create(world.host, { name, runtime: "probe", tier: 2 });
    const [deleted, paused] = [await provision("Deleted"), await provision("Paused")];
    for (const id of [deleted, paused]) await untilStatus(world.host, id, "online");
    await world.mark(paused);
    const [running = ""] = await world.containersOf(paused);
    const hung = (path: RegExp) =>
      eventually(() => world.proxy.count("POST", path) > 0, { what: `POST ${path.source} hangs` });
    const [stop, stopPaused] = [/\/stop$/, new RegExp(`^/containers/${running}/stop$`)];
    const createContainer = /^\/containers\/create$/;

    world.proxy.fail("POST", new RegExp(`${stop.source}|${createContainer.source}`), { kind: "hang" });
    // Told in time or cut: its row is removed in any case.
    const deletion = world.host.api("DELETE", `/workspaces/${deleted}`).catch(() => undefined);
    expect((await world.host.api("POST", `/workspaces/${paused}/pause`)).status).to.equal(200);
    const made = await provision("Made");
    await hung(stopPaused);
    await hung(createContainer);
    await eventually(() => world.proxy.count("POST", stop) >= 2, { what: "both stops hang" });
    await stopInTime();
    await deletion;

    world.proxy.fail("POST", stop, { kind: "hang" });
    await world.startHost();
    // What the recovery does from now on, it has begun at boot.
    const pausing = { action: "pause" };
    expect((await world.host.api("POST", "/admin/loops/workspace-recovery", pausing)).status).to.equal(200);
    await hung(stopPaused);
    await untilStatus(world.host, made, "online");
    await stopInTime();

    world.proxy.heal();
    await world.startHost();
    const done = async () => (await world.isGone(deleted)) && (await world.containersOf(paused)).length === 0;
    await eventually(done, { timeoutMs: 60_000, what: "the deletion and the pause are finished" });
    expect(await world.statusOf(paused)).to.equal("paused");
    await world.check({ accepted: [deleted, paused, made] });
    expect((await world.host.api("POST", `/workspaces/${paused}/resume`)).status).to.equal(200);
    await untilStatus(world.host, paused, "online");
    await world.check();
  });
});

/** Begins a creation and waits until the host has its head; the body is still to come. */
async function begin(host: RunningHost, index: number): Promise<{ call: ClientRequest; body: string }> {
  const body = JSON.stringify({ name: `In flight ${index}`, external: true });
  const headers = {
    Expect: "100-continue",
    "Content-Type": "application/json",
    "Content-Length": body.length,
  };
  const call = request(`${host.url}/workspaces`, { method: "POST", headers, agent: new Agent() });
  call.flushHeaders();
  await once(call, "continue");
  return { call, body };
}

async function finish({ call, body }: { call: ClientRequest; body: string }) {
  const answered = new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
    call.on("error", reject);
    call.on("response", (response) => {
      text(response).then((content) => {
        const parsed: unknown = JSON.parse(content);
        resolve({ status: response.statusCode, body: parsed });
      }, reject);
    });
  });
  call.end(body);
  return await answered;
}

/** Clients that create and read until the host refuses connections. */
class Load {
  /** The ids that were answered. */
  readonly created: string[] = [];
  readonly #clients: Promise<void>[];

  constructor(host: RunningHost) {
    this.#clients = [1, 2, 3, 4].map(async () => {
      for (let isUp = true; isUp;) {
        isUp = await create(host, { name: "Load", external: true }).then(
          (id) => this.created.push(id) > 0,
          () => false,
        );
        await host.api("GET", "/workspaces").catch(() => undefined);
      }
    });
  }

  /** Waits for the clients' end. */
  async end(): Promise<void> {
    await Promise.all(this.#clients);
  }
}
