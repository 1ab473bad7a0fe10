import { randomUUID } from "node:crypto";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import pg from "pg";
import { useEngine, type Engine } from "./engine.js";
import { eventually } from "./eventually.js";
import { FleetImages } from "./fleet-images.js";
import { startHost, type ApiAnswer, type RunningHost } from "./host.js";
import { freePort } from "./ports.js";
import { usePostgres } from "./postgres.js";
import { tempDir } from "./temp.js";

/** Where plugins are found from. */
const PACKAGES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** A workspace as the database has it. */
export interface FleetWorkspace {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
  readonly image_id: string | null;
  readonly last_sample_error: string;
}

/** How a rollout stands. */
export interface FleetRollout {
  readonly id: string;
  readonly status: string;
  readonly error: string | null;
}

/** How a fleet is set up. */
export interface FleetOptions {
  /** Added to the host's environment, over short times for gate and soak. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the template's image comes from a registry, see {@link FleetImages.push}; not unless told. */
  readonly registry?: boolean;
  /** One that the tests take down; else that of the test process. */
  readonly engine?: Engine;
  /** Plugins beside the image-watcher. */
  readonly plugins?: readonly string[];
}

/** Workspaces of the demo agent on a real engine and a real server, and images to roll out to them. */
export class RolloutFleet {
  readonly engine: Engine;
  readonly databaseUrl: string;
  readonly client: pg.Client;
  readonly images: FleetImages;
  readonly #manifest: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #dataDir: string;
  #host: RunningHost | undefined;

  /** Builds the first image and starts a host. Call it in a `before` hook, and {@link end} in `after`. */
  static async start(ctx: Mocha.Context, options: FleetOptions = {}): Promise<RolloutFleet> {
    const engine = options.engine ?? (await useEngine(ctx));
    const postgres = await usePostgres(ctx);
    const { url } = await postgres.freshDatabase();
    const folder = await tempDir("fleet-");
    const images = await FleetImages.make(ctx, engine, options.registry === true);
    const manifest = join(folder, "manifest.json");
    await symlink(PACKAGES, join(folder, "node_modules"));
    await writeFile(manifest, JSON.stringify(manifestOf(images.reference, options.plugins ?? [])));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const env = {
      ...engine.env,
      DATABASE_URL: url,
      // The same after a restart: containers call the host at the address that they were started with.
      PORT: String(await freePort()),
      ROLLOUT_GATE_SECONDS: "20",
      ROLLOUT_SOAK_SECONDS: "1",
      ...options.env,
    };
    const fleet = new RolloutFleet({
      engine,
      databaseUrl: url,
      client,
      images,
      manifest,
      env,
      folder,
    });
    await fleet.boot();
    const { rows } = await client.query<{ value: string }>(
      "select value from installation where key = 'instance_id'",
    );
    engine.ownInstance(rows[0]?.value ?? "");
    return fleet;
  }

  private constructor(parts: {
    engine: Engine;
    databaseUrl: string;
    client: pg.Client;
    images: FleetImages;
    manifest: string;
    env: Readonly<Record<string, string>>;
    folder: string;
  }) {
    this.engine = parts.engine;
    this.databaseUrl = parts.databaseUrl;
    this.client = parts.client;
    this.images = parts.images;
    this.#manifest = parts.manifest;
    this.#env = parts.env;
    this.#dataDir = join(parts.folder, "data");
  }

  /** The host that runs. */
  get host(): RunningHost {
    if (this.#host === undefined) throw new Error("no host runs");
    return this.#host;
  }

  /** Starts the host, with the data of the one before; `env` is added to the fleet's for this time. */
  async boot(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#host = await startHost({
      dev: true,
      dataDir: this.#dataDir,
      manifest: this.#manifest,
      env: { ...this.#env, ...env },
    });
  }

  /** Starts one more host on the same database and engine; the caller stops it. */
  anotherHost(): Promise<RunningHost> {
    return startHost({ dev: true, manifest: this.#manifest, env: { ...this.#env, PORT: "0" } });
  }

  /** Creates workspaces and waits until they are online; their ids. */
  async create(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const answer = await this.host.api("POST", "/workspaces", {
        name: `Agent ${index}`,
        runtime: "demo",
        tier: 2,
      });
      const { body } = answer;
      if (typeof body !== "object" || body === null || !("id" in body)) throw new Error(answer.text);
      ids.push(String(body.id));
    }
    await eventually(
      async () =>
        (await this.workspaces()).every(({ status }) => status === "online" || status === "removed"),
      { what: "the fleet is online", timeoutMs: 120_000 },
    );
    return ids;
  }

  /** Every workspace, in the order of creation. */
  async workspaces(): Promise<FleetWorkspace[]> {
    const columns = "id, status, attempt, image_id, last_sample_error";
    const { rows } = await this.client.query<FleetWorkspace>(
      `select ${columns} from workspaces order by created_at, id`,
    );
    return rows;
  }

  /** Asks for the template's image to be pulled and rolled out; the answer comes when that is done. */
  refresh(): Promise<ApiAnswer> {
    return this.host.api("POST", "/admin/workspace-images/refresh?runtime=demo");
  }

  /** Asks for a rollout as the image service does, by its row, and has the host look at once; the rollout's id. */
  async rollOut(imageId: string): Promise<string> {
    const id = randomUUID();
    await this.client.query(
      `insert into rollouts (id, runtime, reference, digest, image_id, requested_by)
       values ($1, 'demo', $2, $3, $3, 'refresh')`,
      [id, this.images.reference, imageId],
    );
    await this.host.api("POST", "/admin/loops/image-rollouts", { action: "run" });
    return id;
  }

  /** Tells a running rollout, as the image service does, that another digest was asked for. */
  async supersede(rolloutId: string): Promise<void> {
    await this.client.query("update rollouts set superseded = true where id = $1", [rolloutId]);
  }

  /** The newest rollout. */
  async rollout(): Promise<FleetRollout | undefined> {
    const { rows } = await this.client.query<FleetRollout>(
      "select id, status, error from rollouts order by created_at desc limit 1",
    );
    return rows[0];
  }

  /** Waits until the rollout has ended. */
  async ended(rolloutId: string, timeoutMs = 120_000): Promise<FleetRollout> {
    return await eventually(
      async () => {
        const { rows } = await this.client.query<FleetRollout>(
          "select id, status, error from rollouts where id = $1",
          [rolloutId],
        );
        const [row] = rows;
        return row !== undefined && row.status !== "running" ? row : undefined;
      },
      { what: "the rollout has ended", timeoutMs },
    );
  }

  /** Types and payloads of stored events, oldest first; of one workspace, or all. */
  async events(
    workspaceId?: string,
  ): Promise<{ type: string; workspace: string | null; payload: unknown }[]> {
    const { rows } = await this.client.query<{ type: string; workspace: string | null; payload: unknown }>(
      `select event_type as type, workspace_id as workspace, payload from events
       where $1::uuid is null or workspace_id = $1 order by id`,
      [workspaceId ?? null],
    );
    return rows;
  }

  /** Containers of a workspace as the engine tells them, the newest attempt first. */
  async containers(workspaceId: string): Promise<Docker.ContainerInfo[]> {
    const filters = { label: [`molecule.workspace.id=${workspaceId}`] };
    const found = await this.engine.docker.listContainers({ all: true, filters });
    const attempt = ({ Labels }: Docker.ContainerInfo) => Number(Labels["molecule.workspace.attempt"]);
    return found.sort((a, b) => attempt(b) - attempt(a));
  }

  /** Ends the host and the connection; what is left in the engine goes with the tests. */
  async end(): Promise<void> {
    for (const { id } of await this.workspaces())
      await this.host.api("DELETE", `/workspaces/${id}?confirm=true`);
    await this.host.stop();
    await this.client.end();
  }
}

/** The watcher is there where `IMAGE_AUTO_REFRESH` says so, as with the manifest that the platform comes with. */
function manifestOf(image: string, others: readonly string[]): object {
  const watcher = {
    name: "image-watcher",
    module: "@molecule/plugin-image-watcher",
    when: { env: "IMAGE_AUTO_REFRESH", equals: "true" },
  };
  const plugins = [watcher, ...others.map((name) => ({ name, module: `@molecule/plugin-${name}` }))];
  return { version: 1, plugins, workspace_templates: [{ name: "demo", image }] };
}
