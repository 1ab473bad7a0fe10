import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Writable } from "node:stream";
import { systemClock, type Clock } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
import { MemoryEngine } from "@molecule/test/support/memory-engine/memory-engine.js";
import { usePostgres, type FreshDatabase } from "@molecule/test/support/postgres.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import Docker from "dockerode";
import pg from "pg";
import { startHost, type RunningHost } from "../../dist/host.js";
import { installClock } from "./database-clock.js";

const MANIFEST = fileURLToPath(new URL("../../test/model/manifest.json", import.meta.url));
const INSTANCE = "molecule.platform.instance";
const WORKSPACE = "molecule.workspace.id";

/** The loops that look after workspaces, in the order in which a round of sweeps runs them. */
const SWEEPS = ["workspace-recovery", "provision-timeout", "health-sweep", "orphan-sweeper"];

/** A workspace's row, as far as the model looks. */
export interface Row {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
}

/** A container of a workspace as the engine tells it. */
export interface Found {
  readonly id: string;
  readonly workspaceId: string;
  readonly attempt: number;
  readonly running: boolean;
}

/** An answer of the host. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A wall clock that can be set, and time that can be skipped; timers go on as they are. */
class JumpingClock implements Clock {
  #wallOffsetMs = 0;
  #skippedMs = 0;
  readonly monotonic = () => systemClock.monotonic() + this.#skippedMs;
  readonly timer: Clock["timer"] = (callback, delayMs) => systemClock.timer(callback, delayMs);
  readonly now = () => systemClock.now() + this.#wallOffsetMs + this.#skippedMs;
  /** Sets the wall clock, without any time going by. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }
  /** As if time had gone by. */
  skip(ms: number): void {
    this.#skippedMs += ms;
  }
}

/** A whole host in this process, on a real database and the memory engine. */
export class World {
  readonly clock: JumpingClock;
  readonly engine: MemoryEngine;
  readonly #docker: Docker;
  readonly #fresh: FreshDatabase;
  readonly #pool: pg.Pool;
  readonly #host: RunningHost;
  #instanceId = "";

  static async open(ctx: Mocha.Context): Promise<World> {
    const fresh = await (await usePostgres(ctx)).freshDatabase();
    await installClock(fresh.url);
    const engine = await MemoryEngine.start();
    engine.addImage("agent:latest", () => undefined, ["PATH=/bin"]);
    const clock = new JumpingClock();
    const host = await startHost({
      env: {
        PORT: "0",
        HOST: "127.0.0.1",
        DATABASE_URL: fresh.url,
        DOCKER_HOST: engine.url,
        CONTAINER_RUNTIME: "docker",
        MOLECULE_MANIFEST: MANIFEST,
        MOLECULE_DATA_DIR: await tempDir("model-"),
        LOG_LEVEL: "error",
      },
      cwd: "/",
      dev: true,
      output: new Writable({ write: (_chunk, _encoding, done) => done() }),
      terminal: false,
      clock,
    });
    const world = new World({ fresh, engine, host, clock });
    const { rows } = await world.query<{ value: string }>(
      "select value from installation where key = 'instance_id'",
    );
    world.#instanceId = rows[0]?.value ?? "";
    // They tick when a sequence says so, and not when their time has come.
    for (const loop of SWEEPS) {
      expect((await world.api("POST", `/admin/loops/${loop}`, { action: "pause" })).status).to.equal(200);
    }
    return world;
  }

  private constructor(parts: {
    fresh: FreshDatabase;
    engine: MemoryEngine;
    host: RunningHost;
    clock: JumpingClock;
  }) {
    this.#fresh = parts.fresh;
    this.engine = parts.engine;
    this.#host = parts.host;
    this.clock = parts.clock;
    this.#docker = new Docker({ socketPath: parts.engine.url.slice("unix://".length) });
    this.#pool = new pg.Pool({ connectionString: parts.fresh.url, max: 2 });
    this.#pool.on("error", () => undefined);
  }

  /** Begins anew for the next sequence, whatever the last one has left. */
  async reset(): Promise<void> {
    this.engine.fault = () => undefined;
    await this.query("delete from workspaces");
    await this.query("delete from orphan_fuse");
    this.engine.containers.clear();
    this.engine.volumes.clear();
    await this.#addBystanders();
  }

  async api(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
    const response = await fetch(`${this.#host.url}${path}`, {
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
    return (await this.query<Row>("select id, status, attempt from workspaces")).rows;
  }

  /** Resolves when no provision is under way and no stop is waited for. */
  async settled(): Promise<void> {
    await eventually(
      async () => {
        const { rows } = await this.query(
          "select 1 from workspaces where status = 'provisioning' and provision_host is not null",
        );
        return rows.length === 0;
      },
      { what: "every provision has ended", timeoutMs: 30_000, intervalMs: 5 },
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
        return !this.containers().some(({ workspaceId, running }) => running && stopped.has(workspaceId));
      },
      { what: "whatever is paused or removed has stopped", intervalMs: 5 },
    );
  }

  /** Runs one tick of each sweep. */
  async sweep(): Promise<void> {
    for (const loop of SWEEPS) {
      await eventually(
        async () => (await this.api("POST", `/admin/loops/${loop}`, { action: "run" })).status === 200,
        { what: `a tick of ${loop}` },
      );
    }
    await this.settled();
  }

  /** Containers of this installation, asked of the engine's own state and not through its faults. */
  containers(): Found[] {
    return this.engine.containers
      .list([`${INSTANCE}=${this.#instanceId}`, WORKSPACE], true)
      .map(({ Id, Labels, State }) => ({
        id: Id,
        workspaceId: Labels[WORKSPACE] ?? "",
        attempt: Number(Labels["molecule.workspace.attempt"]),
        running: State === "running",
      }));
  }

  /** Names of this installation's volumes. */
  volumes(): string[] {
    return this.engine.volumes.list([`${INSTANCE}=${this.#instanceId}`]).map(({ Name }) => Name);
  }

  /** What belongs to somebody else, with whether it runs. */
  bystanders(): string[] {
    const ours = new Set(this.containers().map(({ id }) => id));
    return [
      ...this.engine.containers
        .list([], true)
        .filter(({ Id }) => !ours.has(Id))
        .map(({ Id, State }) => `${Id} ${State}`),
      ...this.engine.volumes
        .list([])
        .filter(({ Labels }) => Labels?.[INSTANCE] !== this.#instanceId)
        .map(({ Name }) => Name),
    ].sort();
  }

  /** The token that the workspace's agent finds in its files; null where there are none. */
  token(workspaceId: string): string | null {
    try {
      return (
        this.engine.volumes
          .files(`ws-${workspaceId.slice(0, 12)}-configs`)
          .get("/.auth_token")
          ?.trim() ?? null
      );
    } catch {
      return null;
    }
  }

  /** As if `minutes` had gone by, for the database and the engine alike. */
  async age(minutes: number): Promise<void> {
    await this.query(
      `update workspaces set
         provisioning_started_at = provisioning_started_at - $1 * interval '1 minute',
         last_heartbeat_at = last_heartbeat_at - $1 * interval '1 minute',
         created_at = created_at - $1 * interval '1 minute'`,
      [minutes],
    );
    await this.query(
      `update workspace_sweeps set
         leftover_since = leftover_since - $1 * interval '1 minute',
         restart_at = restart_at - $1 * interval '1 minute',
         restarted_at = restarted_at - $1 * interval '1 minute'`,
      [minutes],
    );
    this.clock.skip(minutes * 60_000);
    this.engine.age(minutes * 60_000);
  }

  /** The wall clock of the machine and of the database is set. */
  async jump(ms: number): Promise<void> {
    this.clock.jump(ms);
    await this.query("update wall_clock set offset_ms = offset_ms + $1", [ms]);
  }

  async query<T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
    return await this.#pool.query<T>(text, [...values]);
  }

  async close(): Promise<void> {
    await this.#host.stop("the test is over");
    await this.#pool.end();
    await this.engine.close();
    await this.#fresh.drop();
  }

  /** Another installation's container and volume, a person's container with a workspace's name, one with no labels. */
  async #addBystanders(): Promise<void> {
    const foreign = {
      "molecule.platform.managed": "true",
      [INSTANCE]: randomUUID(),
      [WORKSPACE]: randomUUID(),
      "molecule.workspace.attempt": "1",
    };
    const lasting = { Image: "agent", HostConfig: { RestartPolicy: { Name: "unless-stopped" } } };
    const made = [
      await this.#docker.createContainer({ ...lasting, name: "ws-of-another", Labels: foreign }),
      await this.#docker.createContainer({ ...lasting, name: "ws-0123456789ab" }),
      await this.#docker.createContainer({ ...lasting, name: "database" }),
    ];
    for (const each of made) await each.start();
    await this.#docker.createVolume({ Name: "ws-of-another-configs", Labels: foreign });
    await this.#docker.createVolume({ Name: "ws-0123456789ab-configs" });
  }
}
