import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { PushedImages } from "../support/pushed-images.js";
import { registryOrReason } from "../support/registry.js";
import { tempDir } from "../support/temp.js";
import { benchDatabase, benchEngine } from "./services.js";

/** Where the plugin is found from. */
const PACKAGES = fileURLToPath(new URL("../../../node_modules", import.meta.url));
const REPOSITORY = "bench-watched/x";

/** One image under many tags in a registry, and hosts that watch them. */
export interface WatchedImages {
  /** `http://127.0.0.1:<port>` */
  readonly registryUrl: string;
  /** Of the image behind every tag, `sha256:…`. */
  readonly digest: string;
  /** Of each image's manifest in the registry. */
  readonly paths: readonly string[];
  /**
   * Starts a host that has looked at all of them once, on a fresh database.
   * @param registry what images' names begin with: the registry, or a proxy in front of it
   */
  watch(registry: string, env?: Readonly<Record<string, string>>): Promise<Watcher>;
}

/** A host that watches. */
export interface Watcher {
  readonly host: RunningHost;
  /** One cycle; resolves when all images were looked at. */
  readonly cycle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Pushes the images.
 * @param concurrency at which a cycle looks at them
 * @throws Error with the reason where there is no engine, registry or database server and none can be started
 */
export async function pushWatchedImages(count: number, concurrency: number): Promise<WatchedImages> {
  const engine = await benchEngine();
  const registry = await registryOrReason();
  if (typeof registry === "string") throw new Error(`this benchmark needs an image registry: ${registry}`);
  const pushed = new PushedImages(engine, registry, registry.host);
  const tags = Array.from({ length: count }, (_, index) => `t${index}`);
  const digest = await pushed.push(`${REPOSITORY}:first`, "watched");
  for (const tag of tags) await pushed.retag(`${REPOSITORY}:first`, `${REPOSITORY}:${tag}`);
  return {
    registryUrl: registry.url,
    digest,
    paths: tags.map((tag) => `/v2/${REPOSITORY}/manifests/${tag}`),
    watch: async (host, env = {}) => {
      const database = await benchDatabase();
      const running = await startHost({
        dev: true,
        manifest: await writeManifest(
          tags.map((tag) => ({ name: tag, image: `${host}/${REPOSITORY}:${tag}` })),
          concurrency,
        ),
        env: { ...engine.env, DATABASE_URL: database.url, CONTAINER_RUNTIME: "docker", ...env },
      });
      // The loop begins with the host.
      await eventually(
        async () => (await running.api("GET", "/admin/loops")).text.includes(`"${count} seeded"`),
        {
          what: "the first cycle",
          timeoutMs: 60_000,
        },
      );
      return {
        host: running,
        cycle: () => cycle(running, count),
        close: async () => {
          await running.stop();
          await database.drop();
        },
      };
    },
  };
}

async function writeManifest(templates: readonly object[], concurrency: number): Promise<string> {
  const folder = await tempDir("bench-watch-");
  const manifest = join(folder, "manifest.json");
  await symlink(PACKAGES, join(folder, "node_modules"));
  const watcher = {
    name: "image-watcher",
    module: "@molecule/plugin-image-watcher",
    config: { intervalSeconds: 86_400, concurrency },
  };
  await writeFile(
    manifest,
    JSON.stringify({ version: 1, plugins: [watcher], workspace_templates: templates }),
  );
  return manifest;
}

async function cycle(host: RunningHost, count: number): Promise<void> {
  const { status, text } = await host.api("POST", "/admin/loops/image-watcher", { action: "run" });
  // Anything else than "all unchanged" would be another amount of work.
  if (status !== 200 || !text.includes(`"${count} unchanged"`)) {
    throw new Error(`a cycle did not find all images unchanged: ${text}`);
  }
}
