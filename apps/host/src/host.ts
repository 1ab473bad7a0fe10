import { availableParallelism } from "node:os";
import {
  CONTAINER_RUNTIME,
  ENGINE_INVENTORY,
  Kernel,
  LOOP_LEASES,
  readManifest,
  SecretMasker,
  systemClock,
  WORKSPACE_IMAGES,
  type Clock,
  type ContainerRuntime,
  type EngineInventory,
  type KernelObserver,
  type Manifest,
} from "@molecule/core";
import { announce } from "./announce.js";
import { readConfig, readLogConfig, type HostConfig } from "./config/config.js";
import { locateManifest } from "./config/manifest-location.js";
import { maskSecretsOf } from "./config/secret-names.js";
import { createHostServer } from "./host-server.js";
import { noImages } from "./images/no-images.js";
import { RegistryCredentials } from "./images/registry/credentials.js";
import { engineLogins } from "./images/registry/engine-logins.js";
import type { Rollouts } from "./images/rollouts.js";
import { createImageServices, type ImageServices } from "./images/services.js";
import { HostLogger } from "./logging/host-logger.js";
import { HostMetrics } from "./metrics/host-metrics.js";
import { maskMessage } from "./mask-message.js";
import { MeasuredInventory } from "./metrics/measured-inventory.js";
import { MeasuredRuntime } from "./metrics/measured-runtime.js";
import type { EngineRun } from "./metrics/workspace-metrics.js";
import { selectRuntime } from "./runtimes/select.js";
import { textOfKey } from "./secrets/encryption-key.js";
import { openVault } from "./secrets/open-vault.js";
import type { SecretVault } from "./secrets/secret-vault.js";
import { StopStack } from "./stop-stack.js";
import { openStorage, type Storage } from "./storage/storage.js";
import { createWorkspaceServices, type WorkspaceServices } from "./workspaces/services.js";

/**
 * Engine jobs at a time, for each core: 2 cores brought up 4.4 containers a second at 4 jobs, 5.2 at 8 and 5.4 at 16,
 * where each takes twice as long. docs/operating.md, "Load on the engine", tells it.
 */
const ENGINE_JOBS_PER_CORE = 4;

/** What the host gets from the process that it runs in. */
export interface HostOptions {
  /** The process environment; tasks of stage `env` may fill it. */
  readonly env: Record<string, string | undefined>;
  readonly cwd: string;
  /** Development; see docs/operating.md, `MOLECULE_ENV`. */
  readonly dev: boolean;
  /** Where the log goes. */
  readonly output: NodeJS.WritableStream;
  /** Whether that is a terminal. */
  readonly terminal: boolean;
  /** The machine's clock unless told. */
  readonly clock?: Clock;
}

/** A host that serves. */
export interface RunningHost {
  /** Where it listens, for clients on this machine. */
  readonly url: string;
  readonly port: number;
  /** Lets requests in flight finish and stops everything; resolves when nothing of the host is left. */
  stop(reason: string): Promise<void>;
}

/**
 * Boots the host: environment, configuration, storage, plugins, loops, HTTP; in this order. What was started by
 * the time of a failure is stopped again.
 * @throws a coded error that says what to do
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const masker = new SecretMasker();
  const log = HostLogger.create(readLogConfig(options.env, options.terminal), masker, options.output);
  const stack = new StopStack(log);
  try {
    return await new Boot(options, masker, log, stack).run();
  } catch (error) {
    await stack.unwind();
    // It is told outside of the log, where nobody knows the secrets that this host has met by now.
    maskMessage(error, masker);
    throw error;
  }
}

/** What there is by the time that the storage is open. */
interface Basis {
  readonly config: HostConfig;
  readonly storage: Storage;
  readonly credentials: RegistryCredentials;
  readonly kernel: Kernel;
  readonly manifest: Manifest;
  readonly metrics: HostMetrics;
}

/** The two sides of the container runtime that was chosen. */
interface EngineAccess {
  readonly runtime: ContainerRuntime;
  readonly inventory: EngineInventory;
}

class Boot {
  readonly #options: HostOptions;
  readonly #masker: SecretMasker;
  readonly #log: HostLogger;
  readonly #stack: StopStack;
  readonly #clock: Clock;
  #port = 0;

  constructor(options: HostOptions, masker: SecretMasker, log: HostLogger, stack: StopStack) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#masker = masker;
    this.#log = log;
    this.#stack = stack;
  }

  async run(): Promise<RunningHost> {
    const { env, cwd } = this.#options;
    const started = this.#clock.monotonic();
    const { path, home } = await locateManifest(env, cwd);
    const manifest = await readManifest(path);
    const metrics = new HostMetrics({
      runtimes: manifest.templates.map(({ name }) => name),
      loops: () => kernel.registries.supervisor.status(),
    });
    const kernel = this.#createKernel(manifest, metrics);
    await kernel.boot("env");
    const config = await this.#timed(kernel, "env", "configuration", () =>
      this.#configure(kernel, home, manifest),
    );
    const storage = await this.#timed(kernel, "storage", "database", () => this.#openStorage(config));
    kernel.provide(LOOP_LEASES, storage.leases);
    kernel.rememberToggles(await storage.toggles.all());
    const vault = await this.#timed(kernel, "storage", "secrets", () =>
      openVault(config, storage, this.#log),
    );
    const credentials = new RegistryCredentials({
      ...config.images.credentials,
      masker: this.#masker,
      log: this.#log,
    });
    const basis = { config, storage, credentials, kernel, manifest, metrics };
    const engine = await this.#timed(kernel, "storage", "container runtime", () => this.#openRuntime(basis));
    const { runtime, inventory } = engine;
    kernel.provide(CONTAINER_RUNTIME, runtime);
    kernel.provide(ENGINE_INVENTORY, inventory);
    // Once more, and before what stands behind their ports: a plugin may use them to the end of its `onDispose`.
    this.#stack.push("plugins", () => kernel.stop());
    const workspaces = this.#createWorkspaces(basis, engine, vault);
    const images = this.#createImages(basis, runtime, workspaces.rollouts.fleet);
    kernel.provide(WORKSPACE_IMAGES, images?.images ?? noImages);
    await kernel.boot("storage");
    await kernel.boot("ready");
    kernel.registries.supervisor.start();
    this.#stack.push("loops", () => kernel.registries.supervisor.stop());
    const url = await this.#serve(basis, runtime, workspaces, images);
    announce({
      log: this.#log,
      kernel,
      config,
      url,
      port: this.#port,
      startedMs: this.#clock.monotonic() - started,
    });
    // Not waited for: what a host that died left behind must not keep this one from serving.
    void workspaces.recovery.atBoot();
    return { url, port: this.#port, stop: (reason) => this.#stop(reason) };
  }

  #createKernel(manifest: Manifest, metrics: HostMetrics): Kernel {
    const { env, cwd } = this.#options;
    maskSecretsOf(env, this.#masker);
    const observer: KernelObserver = {
      ...metrics.observer,
      onTask: (run) => {
        // Before the next task or plugin can tell of what this one has set.
        maskSecretsOf(env, this.#masker);
        metrics.observer.onTask?.(run);
      },
    };
    const services = { clock: this.#clock, log: this.#log, masker: this.#masker };
    const kernel = new Kernel({ manifest, env, cwd, observer, ...services });
    this.#stack.push("loops and plugins", () => kernel.stop());
    return kernel;
  }

  #configure(kernel: Kernel, home: string, { dir }: Manifest): HostConfig {
    const { env, cwd, dev, terminal } = this.#options;
    const filled = { names: kernel.envOrigins, dir };
    const config = readConfig(env, { cwd, home, filled, dev, terminal });
    this.#log.configure(config.log);
    return config;
  }

  async #openStorage(config: HostConfig): Promise<Storage> {
    const storage = await openStorage(config, { log: this.#log, clock: this.#clock, masker: this.#masker });
    this.#stack.push("storage", () => storage.close());
    if (storage.generatedAdminToken !== null) this.#masker.add(storage.generatedAdminToken);
    for (const key of storage.encryptionKeys.all()) this.#masker.add(textOfKey(key));
    return storage;
  }

  async #openRuntime({ config, storage, credentials, manifest, metrics }: Basis): Promise<EngineAccess> {
    const { runtime, reason } = await selectRuntime({
      config,
      instanceId: storage.instanceId,
      hostId: storage.hostId,
      manifestDir: manifest.dir,
      hostEnv: this.#options.env,
      findLogin: engineLogins(credentials),
      clock: this.#clock,
      log: this.#log,
    });
    this.#stack.push("container runtime", () => runtime.close());
    this.#log.info(`container runtime: ${runtime.kind} (${reason})`);
    const onCall = (run: EngineRun) => {
      metrics.onEngineCall(run);
    };
    return {
      runtime: new MeasuredRuntime(runtime, this.#clock, onCall),
      inventory: new MeasuredInventory(runtime.inventory, runtime.kind, this.#clock, onCall),
    };
  }

  #createWorkspaces(
    { config, storage, kernel, manifest, metrics }: Basis,
    { runtime, inventory }: EngineAccess,
    vault: SecretVault,
  ): WorkspaceServices {
    const platformUrl = () => config.platformUrl ?? `http://${runtime.platformHost}:${this.#port}`;
    const workspaces = createWorkspaceServices({
      config,
      storage,
      runtime,
      inventory,
      kernel,
      templates: manifest.templates,
      vault,
      masker: this.#masker,
      clock: this.#clock,
      log: this.#log,
      platformUrl,
      concurrency: ENGINE_JOBS_PER_CORE * availableParallelism(),
      onProvision: (run) => {
        metrics.onProvision(run);
      },
    });
    this.#stack.push("provisions", () => workspaces.stop());
    kernel.registries.loops.add(workspaces.recovery.loop());
    kernel.registries.loops.add(workspaces.rollouts.fleet.loop());
    return workspaces;
  }

  #createImages(
    { config, storage, credentials, manifest }: Basis,
    runtime: ContainerRuntime,
    rollouts: Rollouts,
  ): ImageServices | null {
    if (runtime.kind !== "docker") return null;
    const images = createImageServices({
      config,
      storage,
      templates: manifest.templates,
      rollouts,
      credentials,
      clock: this.#clock,
      log: this.#log,
      random: Math.random,
    });
    this.#stack.push("images", () => images.close());
    return images;
  }

  async #serve(
    { config, storage, kernel, metrics }: Basis,
    runtime: ContainerRuntime,
    workspaces: WorkspaceServices,
    images: ImageServices | null,
  ): Promise<string> {
    const { server, readiness, toggles } = createHostServer({
      config,
      storage,
      runtime,
      kernel,
      workspaces,
      images,
      metrics,
      masker: this.#masker,
      clock: this.#clock,
      log: this.#log,
    });
    this.#stack.push("plugin toggles", toggles.follow());
    this.#stack.push("HTTP", async () => {
      readiness.stopping();
      await Promise.all([server.close(), workspaces.stopLaunches()]);
    });
    const { port } = await server.listen(config.port, config.host);
    this.#port = port;
    return `http://localhost:${port}`;
  }

  async #stop(reason: string): Promise<void> {
    this.#log.info(`stopping: ${reason}`);
    await this.#stack.unwind();
    this.#log.info("stopped");
  }

  async #timed<T>(kernel: Kernel, stage: string, name: string, work: () => T | Promise<T>): Promise<T> {
    const started = this.#clock.monotonic();
    const report = (outcome: "ok" | "failed", detail?: string) => {
      kernel.report.add({ stage, name, durationMs: this.#clock.monotonic() - started, outcome, detail });
    };
    try {
      const result = await work();
      report("ok");
      return result;
    } catch (error) {
      report("failed", error instanceof Error ? error.message : undefined);
      this.#log.error(kernel.report.render());
      throw error;
    }
  }
}
