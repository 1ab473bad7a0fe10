import { randomUUID } from "node:crypto";
import { systemClock, SecretMasker, silentLogger, type WorkspaceTemplate } from "@molecule/core";
import { useEngine, type Engine } from "@molecule/test/support/engine.js";
import { PushedImages } from "@molecule/test/support/pushed-images.js";
import { RegistryProxy } from "@molecule/test/support/registry-faults.js";
import { useRegistry } from "@molecule/test/support/registry.js";
import { keptImages } from "../../dist/images/kept-images.js";
import type {
  KeptImage,
  RolloutOutcome,
  RolloutOverview,
  Rollouts,
  RolloutTarget,
} from "../../dist/images/rollouts.js";
import { RegistryCredentials } from "../../dist/images/registry/credentials.js";
import type { ImageService } from "../../dist/images/image-service.js";
import { createImageServices, type ImageServices } from "../../dist/images/services.js";
import { EventLog } from "../../dist/storage/event-log.js";
import type { SuiteDatabase } from "../storage/databases.js";

const NO_CREDENTIALS = { ghcr: null, dockerConfigDir: "/nowhere" };

/** Rollouts that end as a test says. */
class TestRollouts implements Rollouts {
  readonly started: RolloutTarget[] = [];
  readonly quarantined = new Set<string>();
  readonly #db: SuiteDatabase["db"];
  readonly #ends: ((outcome: RolloutOutcome) => void)[] = [];
  /** How each ends at once; null: when {@link end} is called. */
  verdict: RolloutOutcome["verdict"] | null = "completed";

  constructor(db: SuiteDatabase["db"]) {
    this.#db = db;
  }

  start(target: RolloutTarget, signal: AbortSignal): Promise<RolloutOutcome> {
    this.started.push(target);
    if (this.verdict !== null) return Promise.resolve(outcome(this.verdict));
    return new Promise((resolve) => {
      this.#ends.push(resolve);
      signal.addEventListener("abort", () => {
        resolve(outcome("interrupted"));
      });
    });
  }

  /** Ends the oldest that has not ended. */
  end(verdict: RolloutOutcome["verdict"]): void {
    this.#ends.shift()?.(outcome(verdict));
  }

  isQuarantined(_runtime: string, digest: string): Promise<boolean> {
    return Promise.resolve(this.quarantined.has(digest));
  }

  overview(): Promise<readonly RolloutOverview[]> {
    return Promise.resolve([]);
  }

  kept(): Promise<readonly KeptImage[]> {
    return keptImages(this.#db);
  }
}

function outcome(verdict: RolloutOutcome["verdict"]): RolloutOutcome {
  const isDone = verdict === "completed";
  return {
    verdict,
    recreated: isDone ? ["ws-1"] : [],
    rolledBack: [],
    error: isDone ? null : "it did not register",
  };
}

/** The image service on a real engine and a real registry behind a proxy. */
export class ImageWorld {
  readonly engine: Engine;
  readonly proxy: RegistryProxy;
  readonly pushed: PushedImages;
  readonly rollouts: TestRollouts;
  readonly events: EventLog;
  readonly #database: SuiteDatabase;
  readonly #run = randomUUID().slice(0, 8);
  #services: ImageServices;

  static async open(
    ctx: Mocha.Context,
    database: SuiteDatabase,
    keepDays: number | null = null,
  ): Promise<ImageWorld> {
    const engine = await useEngine(ctx);
    const registry = await useRegistry(ctx);
    const proxy = await RegistryProxy.start(registry);
    return new ImageWorld(engine, proxy, new PushedImages(engine, registry, proxy.host), database, keepDays);
  }

  private constructor(
    engine: Engine,
    proxy: RegistryProxy,
    pushed: PushedImages,
    database: SuiteDatabase,
    keepDays: number | null,
  ) {
    this.engine = engine;
    this.proxy = proxy;
    this.pushed = pushed;
    this.#database = database;
    this.rollouts = new TestRollouts(database.db);
    this.events = new EventLog({
      db: database.db,
      clock: systemClock,
      log: silentLogger,
      masker: new SecretMasker(),
      hostId: randomUUID(),
    });
    this.#services = this.#create(keepDays);
  }

  get images(): ImageService {
    return this.#services.images;
  }

  /** Name and tag in the registry. */
  get name(): string {
    return `images-${this.#run}/x:latest`;
  }

  /** As after a start of the host. */
  async restart(keepDays: number | null = null): Promise<void> {
    await this.#services.close();
    this.#services = this.#create(keepDays);
  }

  async check(): Promise<string> {
    const call = { signal: new AbortController().signal, log: silentLogger, dryRun: false };
    return (await this.images.check("x", call)).outcome;
  }

  async removeOld(dryRun = false): Promise<readonly string[]> {
    return await this.images.removeOld({ signal: new AbortController().signal, log: silentLogger, dryRun });
  }

  async has(digest: string): Promise<boolean> {
    const name = `${this.proxy.host}/images-${this.#run}/x@${digest}`;
    return await this.engine.docker
      .getImage(name)
      .inspect()
      .then(
        () => true,
        () => false,
      );
  }

  async end(): Promise<void> {
    await this.#services.close();
    await this.pushed.removeLocal(`images-${this.#run}/`);
    await this.proxy.close();
  }

  #create(keepDays: number | null): ImageServices {
    const template: WorkspaceTemplate = { name: "x", image: `${this.proxy.host}/${this.name}` };
    const id = "00000000-0000-4000-8000-000000000001";
    return createImageServices({
      config: {
        docker: { host: this.engine.url },
        images: {
          credentials: NO_CREDENTIALS,
          keepDays,
          webhookSecret: null,
        },
      },
      storage: { database: this.#database.database, events: this.events, instanceId: id, hostId: id },
      templates: [template, { name: "built", image: "x", build: { context: "." } }],
      rollouts: this.rollouts,
      credentials: new RegistryCredentials({
        ...NO_CREDENTIALS,
        masker: new SecretMasker(),
        log: silentLogger,
      }),
      clock: systemClock,
      log: silentLogger,
      random: () => 0.5,
    });
  }
}
