import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Fault, SeenRequest } from "@molecule/test/support/engine-faults.js";
import { eventually } from "@molecule/test/support/eventually.js";
import { usePostgres, type FreshDatabase } from "@molecule/test/support/postgres.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import pg from "pg";
import { startHost, type RunningHost } from "../../dist/host.js";
import { JumpingClock } from "./clock.js";
import { installClock } from "./database-clock.js";
import { EngineView } from "./engine-view.js";
import type { ModelEngine } from "./engines/model-engine.js";

const NODE_MODULES = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

/** The loops that look after workspaces, in the order in which a round of sweeps runs them. */
export const SWEEPS = ["workspace-recovery", "provision-timeout", "health-sweep", "orphan-sweeper"] as const;

/** Name of such a loop. */
export type SweepName = (typeof SWEEPS)[number];

/** A workspace's row, as far as the model looks. */
export interface Row {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
  readonly url: string;
}

/** An answer of the host. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A whole host in this process, on a real database and an engine behind a proxy. */
export class World {
  readonly clock = new JumpingClock();
  readonly engine: ModelEngine;
  /** What goes wrong with the engine's calls. */
  trouble: (request: SeenRequest) => Fault | undefined = () => undefined;
  readonly #fresh: FreshDatabase;
  readonly #pool: pg.Pool;
  #parts: { readonly host: RunningHost; readonly view: EngineView } | undefined;

  static async open(ctx: Mocha.Context, engine: ModelEngine): Promise<World> {
    const fresh = await (await usePostgres(ctx)).freshDatabase();
    await installClock(fresh.url);
    const world = new World(fresh, engine);
    await world.#start();
    return world;
  }

  private constructor(fresh: FreshDatabase, engine: ModelEngine) {
    this.#fresh = fresh;
    this.engine = engine;
    this.#pool = new pg.Pool({ connectionString: fresh.url, max: 3 });
    this.#pool.on("error", () => undefined);
    engine.proxy.fault = (request) => this.trouble(request) ?? engine.always(request);
  }

  /** What the engine holds. */
  get view(): EngineView {
    return this.#started().view;
  }

  /** Begins anew for the next sequence, whatever the last one has left. */
  async reset(): Promise<void> {
    this.trouble = () => undefined;
    this.engine.proxy.seen.length = 0;
    await this.query("delete from workspaces");
    await this.query("delete from orphan_fuse");
    await this.view.clear();
  }

  async api(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
    const response = await fetch(`${this.#started().host.url}${path}`, {
      method,
      headers: {
        "Content-Type": "application/json",
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const parsed: unknown = await response.json();
    const isObject = typeof parsed === "object" && parsed !== null;
    return { status: response.status, body: isObject ? Object.fromEntries(Object.entries(parsed)) : {} };
  }

  /** Every workspace's row, removed ones included. */
  async rows(): Promise<Row[]> {
    return (await this.query<Row>("select id, status, attempt, url from workspaces")).rows;
  }

  /** Of which attempts of which workspaces there are tokens that nobody has revoked. */
  async tokens(): Promise<Pick<Row, "id" | "attempt">[]> {
    const text = "select workspace_id as id, attempt from workspace_tokens where revoked_at is null";
    return (await this.query<Pick<Row, "id" | "attempt">>(text)).rows;
  }

  /** Resolves when no provision is under way. */
  async settled(): Promise<void> {
    await eventually(
      async () => {
        const { rows } = await this.query(
          "select 1 from workspaces where status = 'provisioning' and provision_host is not null",
        );
        return rows.length === 0;
      },
      { what: "every provision has ended", timeoutMs: 60_000, intervalMs: 5 },
    );
  }

  /** Resolves when nothing of a paused or removed workspace runs any more. */
  async stopsSettled(): Promise<void> {
    await eventually(
      async () => {
        const { rows } = await this.query<{ id: string }>(
          "select id from workspaces where status in ('paused', 'removed')",
        );
        const stopped = new Set(rows.map(({ id }) => id));
        const containers = await this.view.containers();
        return !containers.some(({ workspaceId, running }) => running && stopped.has(workspaceId));
      },
      { what: "whatever is paused or removed has stopped", timeoutMs: 60_000, intervalMs: 5 },
    );
  }

  /** Runs one tick of a sweep, after one that may be under way. */
  async tick(loop: SweepName): Promise<void> {
    await eventually(
      async () => (await this.api("POST", `/admin/loops/${loop}`, { action: "run" })).status === 200,
      { what: `a tick of ${loop}`, timeoutMs: 60_000 },
    );
  }

  /** As if `minutes` had gone by, for the host, the database and the engine alike. */
  async age(minutes: number): Promise<void> {
    const ms = minutes * 60_000;
    this.clock.skip(ms);
    this.engine.skip(ms);
    await this.#moveDatabaseClock(ms);
  }

  /** The wall clock of the machine is set, which is also the database's and the engine's. */
  async jump(ms: number): Promise<void> {
    this.clock.jump(ms);
    this.engine.jump(ms);
    await this.#moveDatabaseClock(ms);
  }

  async query<T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
    return await this.#pool.query<T>(text, [...values]);
  }

  /** Keeps everybody else from writing a workspace's row, until the answered function is called. */
  async lockRow(workspaceId: string): Promise<() => Promise<void>> {
    const client = await this.#pool.connect();
    await client.query("begin");
    await client.query("select 1 from workspaces where id = $1 for update", [workspaceId]);
    return async () => {
      await client.query("commit");
      client.release();
    };
  }

  /** How many connections to the database wait for a lock. */
  async waiting(): Promise<number> {
    const { rows } = await this.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows[0]?.count ?? 0;
  }

  async close(): Promise<void> {
    await this.#parts?.host.stop("the test is over");
    await this.#pool.end();
    await this.engine.close();
    await this.#fresh.drop();
  }

  async #moveDatabaseClock(ms: number): Promise<void> {
    await this.query("update wall_clock set offset_ms = offset_ms + $1", [ms]);
  }

  #started() {
    if (this.#parts === undefined) throw new Error("the host has not started");
    return this.#parts;
  }

  async #start(): Promise<void> {
    const folder = await tempDir("model-");
    const host = await startHost({
      env: {
        PORT: "0",
        HOST: "127.0.0.1",
        DATABASE_URL: this.#fresh.url,
        DOCKER_HOST: this.engine.proxy.url,
        CONTAINER_RUNTIME: "docker",
        MOLECULE_MANIFEST: await writeManifest(folder, this.engine.image),
        MOLECULE_DATA_DIR: join(folder, "data"),
        LOG_LEVEL: "error",
      },
      cwd: "/",
      dev: true,
      output: new Writable({ write: (_chunk, _encoding, done) => done() }),
      terminal: false,
      clock: this.clock,
    });
    const { rows } = await this.query<{ value: string }>(
      "select value from installation where key = 'instance_id'",
    );
    const instanceId = rows[0]?.value ?? "";
    this.engine.own(instanceId);
    this.#parts = { host, view: new EngineView(this.engine, instanceId) };
    // They tick when a sequence says so, and not when their time has come.
    for (const loop of SWEEPS) {
      expect((await this.api("POST", `/admin/loops/${loop}`, { action: "pause" })).status).to.equal(200);
    }
    // A host that has had no pass yet can't tell a clock that was set from time that has passed.
    await this.tick("provision-timeout");
    await this.view.addBystanders();
  }
}

async function writeManifest(folder: string, image: string): Promise<string> {
  // Modules are looked for from the manifest on.
  await symlink(NODE_MODULES, join(folder, "node_modules"));
  const plugins = SWEEPS.filter((name) => name !== "workspace-recovery").map((name) => ({
    name,
    module: `@molecule/plugin-${name}`,
  }));
  const path = join(folder, "manifest.json");
  const template = { name: "agent", image, provision_timeout_seconds: 600 };
  await writeFile(path, JSON.stringify({ version: 1, plugins, workspace_templates: [template] }));
  return path;
}
