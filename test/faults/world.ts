import { randomUUID } from "node:crypto";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { expect } from "chai";
import pg from "pg";
import { field } from "../e2e/workspace-api.js";
import { readFileIn } from "../support/container-files.js";
import { useEngine, type Engine } from "../support/engine.js";
import { EngineProxy } from "../support/engine-faults.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { freePort } from "../support/ports.js";
import { usePostgres, type FreshDatabase } from "../support/postgres.js";
import { tempDir } from "../support/temp.js";
import { markVolumes, readMarks } from "../support/volume-marks.js";
import { buildAgent } from "./fault-agent.js";
import { checkInvariants, type Expectations } from "./invariants.js";

/** The loops of the sweeps: paused in a world, so that they run when a test says so. */
export const SWEEPS = ["orphan-sweeper", "health-sweep", "provision-timeout"] as const;

/** How a world differs from a plain one. */
export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether agents never register. */
  readonly mute?: boolean;
  readonly provisionTimeoutSeconds?: number;
  /** The config of the orphan-sweeper in the manifest. */
  readonly orphanSweeper?: { readonly dryRun: boolean };
  /** One that the tests take down; else that of the test process. */
  readonly engine?: Engine;
}

/** What a sweep told of its pass. */
export interface Pass {
  readonly ok: boolean;
  readonly detail: string | null;
  readonly error: string | null;
}

/** A host in a process of its own on a real engine, behind a proxy, and on a real Postgres. */
export class FaultWorld {
  readonly engine: Engine;
  readonly proxy: EngineProxy;
  readonly database: FreshDatabase;
  client: pg.Client;
  readonly hosts: RunningHost[] = [];
  readonly #options: WorldOptions;
  readonly #dataDir: string;
  readonly #manifest: string;
  readonly #marks = new Map<string, readonly string[]>();
  #port: number | undefined;
  #instanceId = "";

  static async open(ctx: Mocha.Context, options: WorldOptions = {}): Promise<FaultWorld> {
    const engine = options.engine ?? (await useEngine(ctx));
    const postgres = await usePostgres(ctx);
    ctx.timeout(180_000);
    const proxy = await EngineProxy.start(ctx, engine);
    const database = await postgres.freshDatabase();
    const client = await connect(database.url);
    const folder = await tempDir("faults-");
    const image = await buildAgent(engine, options.mute === true ? "mute" : "talking");
    const manifest = join(folder, "manifest.json");
    // Modules are looked for from the manifest on.
    await symlink(
      fileURLToPath(new URL("../../../node_modules", import.meta.url)),
      join(folder, "node_modules"),
    );
    await writeFile(
      manifest,
      JSON.stringify({
        version: 1,
        plugins: SWEEPS.map((name) => ({
          name,
          module: `@molecule/plugin-${name}`,
          ...(name === "orphan-sweeper" ? { config: options.orphanSweeper } : {}),
        })),
        workspace_templates: [
          { name: "probe", image, provision_timeout_seconds: options.provisionTimeoutSeconds ?? 600 },
        ],
      }),
    );
    const world = new FaultWorld(
      { engine, proxy, database, client },
      options,
      join(folder, "data"),
      manifest,
    );
    await world.startHost();
    await world.#learnInstance();
    return world;
  }

  private constructor(
    parts: Pick<FaultWorld, "engine" | "proxy" | "database" | "client">,
    options: WorldOptions,
    dataDir: string,
    manifest: string,
  ) {
    this.engine = parts.engine;
    this.proxy = parts.proxy;
    this.database = parts.database;
    this.client = parts.client;
    this.#options = options;
    this.#dataDir = dataDir;
    this.#manifest = manifest;
  }

  /** The host that runs now. */
  get host(): RunningHost {
    const host = this.hosts.at(-1);
    if (host === undefined) throw new Error("the world has a host from its opening on");
    return host;
  }

  /** Starts a host on the same data, at the same address: the containers call it there. Its sweeps are paused. */
  async startHost(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#port ??= await freePort();
    const host = await startHost({
      dev: true,
      dataDir: this.#dataDir,
      manifest: this.#manifest,
      env: {
        DOCKER_HOST: this.proxy.url,
        CONTAINER_RUNTIME: "docker",
        DATABASE_URL: this.database.url,
        PORT: String(this.#port),
        ...this.#options.env,
        ...env,
      },
    });
    this.hosts.push(host);
    for (const loop of SWEEPS) await this.#control(loop, "pause");
  }

  /** Runs one pass of a sweep, after one that may be under way. */
  async sweep(
    loop: (typeof SWEEPS)[number] | "workspace-recovery",
    action: "run" | "dry-run" = "run",
  ): Promise<Pass> {
    const answer = await eventually(() => this.#control(loop, action), {
      what: `a pass of ${loop}`,
      timeoutMs: 60_000,
    });
    const report = field(answer, "report");
    const text = (name: string) => {
      const found = field(report, name);
      return typeof found === "string" ? found : null;
    };
    return { ok: field(report, "ok") === true, detail: text("detail"), error: text("error") };
  }

  /** A pass of the orphan sweep that must succeed; answers what it told. */
  async reap(): Promise<string> {
    const pass = await this.sweep("orphan-sweeper");
    expect(pass.error).to.equal(null);
    return pass.detail ?? "";
  }

  /** After every connection to the database was cut. */
  async reconnect(): Promise<void> {
    await this.client.end().catch(() => undefined);
    this.client = await connect(this.database.url);
  }

  /** Of the installation; stamped on its engine objects. */
  get instanceId(): string {
    return this.#instanceId;
  }

  /** Ids of a workspace's containers as the engine tells them. */
  async containersOf(workspaceId: string): Promise<string[]> {
    const filters = { label: [`molecule.workspace.id=${workspaceId}`] };
    return (await this.engine.docker.listContainers({ all: true, filters })).map(({ Id }) => Id);
  }

  /** Names of a workspace's volumes, likewise. */
  async volumesOf(workspaceId: string): Promise<string[]> {
    const filters = { label: [`molecule.workspace.id=${workspaceId}`] };
    return (await this.engine.docker.listVolumes({ filters })).Volumes.map(({ Name }) => Name);
  }

  /** Whether the engine holds nothing of the workspace, nor a volume without labels, as a container's mount makes it. */
  async isGone(workspaceId: string): Promise<boolean> {
    const filters = { name: [`ws-${workspaceId.slice(0, 12)}-`] };
    const named = (await this.engine.docker.listVolumes({ filters })).Volumes;
    const left = [
      ...(await this.containersOf(workspaceId)),
      ...(await this.volumesOf(workspaceId)),
      ...named,
    ];
    return left.length === 0;
  }

  /** Makes, behind the host's back, a container (created, not started) and a volume with the platform's labels. */
  async plant(
    options: { readonly workspaceId?: string; readonly attempt?: number; readonly instanceId?: string } = {},
  ): Promise<string> {
    const { workspaceId = randomUUID(), attempt = 1 } = options;
    const labels = {
      ...this.engine.labels,
      "molecule.platform.managed": "true",
      "molecule.platform.instance": options.instanceId ?? this.instanceId,
      "molecule.workspace.id": workspaceId,
      "molecule.workspace.attempt": String(attempt),
      "molecule.workspace.runtime": "probe",
    };
    const name = `ws-${randomUUID().slice(0, 12)}`;
    await this.engine.docker.createVolume({ Name: `${name}-configs`, Labels: labels });
    await this.engine.docker.createContainer({
      name,
      Image: this.engine.busybox,
      Labels: labels,
      HostConfig: { Binds: [`${name}-configs:/configs`] },
    });
    return workspaceId;
  }

  /** From now on the engine says that it is later than it is: everything in it is that much older. */
  agePlanted(ms: number): void {
    this.proxy.fail("GET", /^\/info$/, {
      kind: "change",
      change: (body) =>
        typeof body === "object" && body !== null
          ? { ...body, SystemTime: new Date(Date.now() + ms).toISOString() }
          : body,
    });
  }

  /** Writes the row of a workspace behind the host's back. */
  async insertRow(
    id: string,
    values: { readonly status?: string; readonly attempt?: number } = {},
  ): Promise<void> {
    const { status = "offline", attempt = 1 } = values;
    await this.client.query(
      `insert into workspaces (id, name, tier, status, runtime, attempt, last_attempt)
       values ($1, 'Planted', 2, $2, 'probe', $3, $3)`,
      [id, status, attempt],
    );
  }

  /** Puts a text into each volume of a workspace; {@link check} must find it there whenever it has a container. */
  async mark(id: string): Promise<void> {
    this.#marks.set(id, await markVolumes(await this.#containerOf(id)));
  }

  /** The token of the workspace's agent, read from its container. */
  async tokenOf(id: string): Promise<string> {
    return await readFileIn(await this.#containerOf(id), "/configs/.auth_token");
  }

  async statusOf(id: string): Promise<string | undefined> {
    const found = await this.client.query<{ status: string }>("select status from workspaces where id = $1", [
      id,
    ]);
    return found.rows[0]?.status;
  }

  async check(expected: Expectations = {}): Promise<void> {
    const { engine, database, hosts } = this;
    await checkInvariants({ docker: engine.docker, databaseUrl: database.url, hosts }, expected);
    for (const [id, marks] of this.#marks) {
      if ((await this.containersOf(id)).length === 0) continue;
      const found = await readMarks(await this.#containerOf(id));
      expect(found, `what stands in the volumes of workspace ${id}`).to.deep.equal(marks);
    }
  }

  /** Ends the host, and removes whatever of the world is left in the engine. */
  async close(): Promise<void> {
    this.proxy.heal();
    await this.hosts.at(-1)?.stop();
    const { docker, labels } = this.engine;
    const mine = [
      `molecule.platform.instance=${this.instanceId}`,
      ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    ];
    for (const label of mine) {
      const filters = { label: [label] };
      for (const { Id } of await docker.listContainers({ all: true, filters })) {
        await docker.getContainer(Id).remove({ force: true, v: true });
      }
      for (const { Name } of (await docker.listVolumes({ filters })).Volumes) {
        await docker.getVolume(Name).remove({ force: true });
      }
    }
    await this.client.end().catch(() => undefined);
    await this.database.drop();
    await this.proxy.close();
  }

  async #containerOf(id: string): Promise<Docker.Container> {
    const [container = ""] = await this.containersOf(id);
    return this.engine.docker.getContainer(container);
  }

  async #learnInstance(): Promise<void> {
    const found = await this.client.query<{ value: string }>(
      "select value from installation where key = 'instance_id'",
    );
    this.#instanceId = found.rows[0]?.value ?? "";
    this.engine.ownInstance(this.#instanceId);
  }

  /** Undefined while the loop is busy with a tick. */
  async #control(loop: string, action: string): Promise<unknown> {
    const answer = await this.host.api("POST", `/admin/loops/${loop}`, { action });
    if (answer.status === 409) return undefined;
    expect(answer.status, answer.text).to.equal(200);
    return answer.body;
  }
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  // Tests cut every connection to the database, this one included.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
