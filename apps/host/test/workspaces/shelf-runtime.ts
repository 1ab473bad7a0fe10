import type {
  ContainerRuntime,
  LaunchedWith,
  LaunchResult,
  LaunchSpec,
  Presence,
  RuntimeCall,
  RuntimeHealth,
} from "@molecule/core";

/** What stands on the shelf for one workspace. */
export interface Shelf {
  readonly containers: Map<number, LaunchSpec>;
  volumes: boolean;
}

/** A job that the shelf was given. */
export interface ShelfJob {
  readonly kind: "launch" | "stop" | "volumes";
  readonly workspaceId: string;
}

/**
 * A container runtime without containers, as fast as memory. Several hosts may share one. Tests may hold its jobs back
 * or make them fail; two jobs at once on one workspace are noted.
 */
export class ShelfRuntime implements ContainerRuntime {
  readonly kind = "docker";
  readonly replacement = null;
  readonly platformHost = "127.0.0.1";
  readonly shelves = new Map<string, Shelf>();
  /** Jobs that ran on one workspace at the same time. */
  readonly overlaps: string[] = [];
  /** Called at the start of each job; what it answers is waited for. */
  onJob: (job: ShelfJob, call: RuntimeCall) => Promise<void> = () => Promise.resolve();
  readonly #busy = new Map<string, string>();

  /** Whether a job on the workspace is under way. */
  isBusy(workspaceId: string): boolean {
    return this.#busy.has(workspaceId);
  }

  check(): Promise<RuntimeHealth> {
    return Promise.resolve({ available: true, detail: "a shelf" });
  }

  fileRoot(): string {
    return "";
  }

  baseEnvironment(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({});
  }

  async launch(spec: LaunchSpec, call: RuntimeCall): Promise<LaunchResult> {
    return this.#job({ kind: "launch", workspaceId: spec.workspaceId }, call, () => {
      const shelf = this.#shelf(spec.workspaceId);
      shelf.volumes = true;
      for (const attempt of [...shelf.containers.keys()])
        if (attempt < spec.attempt) shelf.containers.delete(attempt);
      shelf.containers.set(spec.attempt, spec);
      const name = `ws-${spec.workspaceId.slice(0, 12)}`;
      return {
        handle: `${name}/${spec.attempt}`,
        name,
        url: "http://127.0.0.1:49152",
        notices: [],
        image: null,
      };
    });
  }

  observe(workspaceId: string): Promise<Presence> {
    const attempt = Math.max(...(this.shelves.get(workspaceId)?.containers.keys() ?? []));
    if (attempt === -Infinity) return Promise.resolve({ state: "absent" });
    const handle = `${workspaceId}/${attempt}`;
    return Promise.resolve({ state: "present", running: true, attempt, handle, exitCode: null, url: null });
  }

  async stop(workspaceId: string, call: RuntimeCall & { readonly upToAttempt?: number }): Promise<void> {
    await this.#job({ kind: "stop", workspaceId }, call, () => {
      const shelf = this.shelves.get(workspaceId);
      for (const attempt of [...(shelf?.containers.keys() ?? [])])
        if (attempt <= (call.upToAttempt ?? Infinity)) shelf?.containers.delete(attempt);
    });
  }

  async removeVolumes(workspaceId: string, call: RuntimeCall): Promise<void> {
    await this.#job({ kind: "volumes", workspaceId }, call, () => {
      if ((this.shelves.get(workspaceId)?.containers.size ?? 0) > 0) throw new Error("volume is in use");
      this.shelves.delete(workspaceId);
    });
  }

  logs(): Promise<string | null> {
    return Promise.resolve(null);
  }

  launchedWith(workspaceId: string, files: readonly string[]): Promise<LaunchedWith | null> {
    const containers = this.shelves.get(workspaceId)?.containers;
    const spec = containers?.get(Math.max(...containers.keys()));
    if (spec === undefined) return Promise.resolve(null);
    const asked = spec.files.filter(({ path }) => files.includes(path));
    return Promise.resolve({
      env: spec.env,
      files: Object.fromEntries(asked.map(({ path, content }) => [path, String(content)])),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #shelf(workspaceId: string): Shelf {
    const shelf = this.shelves.get(workspaceId) ?? {
      containers: new Map<number, LaunchSpec>(),
      volumes: false,
    };
    this.shelves.set(workspaceId, shelf);
    return shelf;
  }

  async #job<T>(job: ShelfJob, call: RuntimeCall, work: () => T): Promise<T> {
    const { kind, workspaceId } = job;
    const other = this.#busy.get(workspaceId);
    if (other !== undefined) this.overlaps.push(`${other} and ${kind} of ${workspaceId}`);
    this.#busy.set(workspaceId, kind);
    try {
      call.signal.throwIfAborted();
      await this.onJob(job, call);
      call.signal.throwIfAborted();
      return work();
    } finally {
      this.#busy.delete(workspaceId);
    }
  }
}
