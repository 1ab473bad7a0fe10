import { randomUUID } from "node:crypto";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { create, field, find } from "../e2e/workspace-api.js";
import { useEngine, type Engine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { startHost, type ApiAnswer, type RunningHost } from "../support/host.js";
import { PushedImages } from "../support/pushed-images.js";
import { RegistryProxy } from "../support/registry-faults.js";
import { useRegistry } from "../support/registry.js";
import { tempDir } from "../support/temp.js";

/** Where the plugin is found from. */
const PACKAGES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** How an {@link ImageWorld} differs from the plain one. */
export interface ImageWorldOptions {
  /** Of the host. */
  readonly env?: Readonly<Record<string, string>>;
  /** Names of the templates. */
  readonly runtimes?: readonly string[];
  /** Names of further templates, whose images come from {@link ImageWorld.elsewhere}. */
  readonly runtimesElsewhere?: readonly string[];
}

/** See {@link ImageWorld.startHost}. */
export interface StartOptions {
  readonly watch?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** A host that watches images of a real registry behind a misbehaving proxy, on a real engine. */
export class ImageWorld {
  readonly engine: Engine;
  readonly proxy: RegistryProxy;
  /** The same registry as another host. */
  readonly elsewhere: RegistryProxy;
  readonly images: PushedImages;
  /** Part of every repository's name. */
  readonly run = randomUUID().slice(0, 8);
  readonly #options: ImageWorldOptions;
  #host: RunningHost | undefined;
  #dataDir: string | undefined;
  #workspaces: string[] = [];

  static async open(ctx: Mocha.Context, options: ImageWorldOptions = {}): Promise<ImageWorld> {
    const engine = await useEngine(ctx);
    const registry = await useRegistry(ctx);
    const proxy = await RegistryProxy.start(registry);
    const elsewhere = await RegistryProxy.start(registry);
    const images = new PushedImages(engine, registry, proxy.host);
    return new ImageWorld({ engine, proxy, elsewhere, images }, options);
  }

  private constructor(
    parts: Pick<ImageWorld, "engine" | "proxy" | "elsewhere" | "images">,
    options: ImageWorldOptions,
  ) {
    this.engine = parts.engine;
    this.proxy = parts.proxy;
    this.elsewhere = parts.elsewhere;
    this.images = parts.images;
    this.#options = options;
  }

  /** The host; there between {@link startHost} and {@link end}. */
  get host(): RunningHost {
    if (this.#host === undefined) throw new Error("the host is not started");
    return this.#host;
  }

  /** Name and tag in the registry of a template's image. */
  name(runtime = "one"): string {
    return `faults-${this.run}/${runtime}:latest`;
  }

  /**
   * Starts the host, again in the same data folder, and waits until the watcher has been round once.
   * @param watch whether there is a watcher
   */
  async startHost({ watch = true, env = {} }: StartOptions = {}): Promise<void> {
    this.#dataDir ??= await tempDir("mhost-");
    const folder = await tempDir("mman-");
    const manifest = join(folder, "manifest.json");
    await symlink(PACKAGES, join(folder, "node_modules"));
    const { runtimes = ["one"], runtimesElsewhere = [] } = this.#options;
    const templates = (registry: RegistryProxy, names: readonly string[]) =>
      names.map((name) => ({
        name,
        image: `${registry.host}/${this.name(name)}`,
        provision_timeout_seconds: 86_400,
      }));
    await writeFile(
      manifest,
      JSON.stringify({
        version: 1,
        plugins: [
          {
            name: "image-watcher",
            module: "@molecule/plugin-image-watcher",
            when: { env: "IMAGE_AUTO_REFRESH", equals: "true" },
            config: { intervalSeconds: 86_400 },
          },
        ],
        workspace_templates: [
          ...templates(this.proxy, runtimes),
          ...templates(this.elsewhere, runtimesElsewhere),
        ],
      }),
    );
    this.#host = await startHost({
      dev: true,
      dataDir: this.#dataDir,
      manifest,
      env: {
        ...this.engine.env,
        CONTAINER_RUNTIME: "docker",
        IMAGE_AUTO_REFRESH: String(watch),
        ...this.#options.env,
        ...env,
      },
    });
    if (!watch) return;
    await eventually(async () => (await this.loop()) !== null, {
      what: "the first cycle",
      timeoutMs: 60_000,
    });
  }

  /** What the last cycle had to tell; null before the first. */
  async loop(): Promise<string | null> {
    const { body } = await this.host.api("GET", "/admin/loops");
    const loops = field(body, "loops");
    const own: unknown = Array.isArray(loops)
      ? loops.find((each) => field(each, "name") === "image-watcher")
      : undefined;
    const detail = field(own, "last_detail");
    return typeof detail === "string" ? detail : null;
  }

  /** One more cycle of the watcher; answers what it had to tell. */
  async cycle(): Promise<string> {
    const answer = await this.host.api("POST", "/admin/loops/image-watcher", { action: "run" });
    expect(answer.status, answer.text).to.equal(200);
    return String(field(answer.body, "report", "detail"));
  }

  refresh(query = ""): Promise<ApiAnswer> {
    return this.host.api("POST", `/admin/workspace-images/refresh${query}`);
  }

  /** What the API tells of a runtime's image. */
  async status(runtime = "one"): Promise<unknown> {
    const { body } = await this.host.api("GET", "/admin/workspace-images");
    const images = field(body, "images");
    return Array.isArray(images) ? images.find((each) => field(each, "runtime") === runtime) : undefined;
  }

  /** One more cycle of the watcher; answers what it made of this runtime, or why it failed. */
  async check(runtime = "one"): Promise<string> {
    await this.cycle();
    const check = field(await this.status(runtime), "last_check");
    return String(field(check, "error") ?? field(check, "outcome"));
  }

  /** Creates a workspace and waits for its container, whose id it answers. */
  async launch(runtime = "one"): Promise<string> {
    const id = await create(this.host, { name: "Test", runtime, tier: 2 });
    this.#workspaces.push(id);
    return await eventually(
      async () => {
        const workspace = await find(this.host, id);
        if (workspace?.status === "failed") throw new Error(workspace.last_sample_error);
        return (await this.containers()).find(({ workspace: of, state }) => of === id && state === "running")
          ?.id;
      },
      { what: "the container runs", timeoutMs: 60_000 },
    );
  }

  /** The containers of this world's workspaces. */
  async containers(): Promise<{ readonly id: string; readonly workspace: string; readonly state: string }[]> {
    const all = await this.engine.docker.listContainers({
      all: true,
      filters: { label: ["molecule.workspace.id"] },
    });
    return all
      .map(({ Id, Labels, State }) => ({
        id: Id,
        workspace: Labels["molecule.workspace.id"] ?? "",
        state: State,
      }))
      .filter(({ workspace }) => this.#workspaces.includes(workspace));
  }

  /** Whether the engine has this very image of a runtime. */
  async has(digest: string, runtime = "one"): Promise<boolean> {
    const name = `${this.proxy.host}/${this.name(runtime).replace(/:.*$/, "")}@${digest}`;
    return await this.engine.docker
      .getImage(name)
      .inspect()
      .then(
        () => true,
        () => false,
      );
  }

  /** Ids, in the engine, that the template's tag stands for; null where it is not there. */
  async tagged(runtime = "one"): Promise<readonly string[]> {
    return await this.engine.docker
      .getImage(`${this.proxy.host}/${this.name(runtime)}`)
      .inspect()
      .then(
        ({ RepoDigests }) => RepoDigests.map((each) => each.replace(/^.*@/, "")),
        () => [],
      );
  }

  /** The host's stored events about images, oldest first. */
  async events(): Promise<{ readonly type: string; readonly payload: unknown }[]> {
    const { body } = await this.host.api("GET", "/events?limit=200");
    if (!Array.isArray(body)) return [];
    return body
      .map((each) => ({ type: String(field(each, "event_type")), payload: field(each, "payload") }))
      .filter(({ type }) => type.startsWith("IMAGE_"))
      .reverse();
  }

  /** Between two tests of a suite: another repository, and a host that knows nothing. */
  async end(): Promise<void> {
    if (this.#host !== undefined) {
      for (const id of this.#workspaces) await this.#host.api("DELETE", `/workspaces/${id}?purge=true`);
      await this.#host.stop();
    }
    for (const { id } of await this.containers()) {
      await this.engine.docker.getContainer(id).remove({ force: true, v: true });
    }
    await this.images.removeLocal(`faults-${this.run}/`);
    await this.proxy.close();
    await this.elsewhere.close();
  }
}
