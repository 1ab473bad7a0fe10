import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { drain } from "./docker-streams.js";
import type { Engine } from "./engine.js";
import { atEnd } from "./lifetime.js";
import { PushedImages } from "./pushed-images.js";
import { useRegistry } from "./registry.js";

const DEMO_AGENT = fileURLToPath(new URL("../../../apps/demo-agent", import.meta.url));

/** Dockerfile instructions on top of the demo agent's image: how new images behave. */
export const BEHAVIOURS = {
  good: "",
  exits: 'CMD ["node", "-e", "process.exit(3)"]',
  silent:
    'CMD ["node", "-e", "process.on(\'SIGTERM\', () => process.exit(0)); setInterval(() => undefined, 1000)"]',
  /** Registers after two seconds. */
  late: `CMD ["node", "--import", "data:text/javascript,${encodeURIComponent(
    "await new Promise((resolve) => setTimeout(resolve, 2_000));",
  )}", "/app/dist/main.js"]`,
  /** Registers, and ends half a second later. */
  diesInSoak: `CMD ["node", "--import", "data:text/javascript,${encodeURIComponent(
    "const real = fetch; globalThis.fetch = async (...args) => { const answer = await real(...args); " +
      "if (String(args[0]).includes('/registry/register')) setTimeout(() => process.exit(4), 500); return answer; };",
  )}", "/app/dist/main.js"]`,
} as const;

/** An image in a registry. */
export interface PushedImage {
  readonly digest: string;
  /** Its id in an engine. */
  readonly imageId: string;
}

/** The images of a fleet of the demo agent; what an engine has of them goes with the tests. */
export class FleetImages {
  /** The template's. */
  readonly reference: string;
  readonly #docker: Docker;
  /** What new images are built from, and known by to nobody else. */
  readonly #base: string;
  readonly #pushed: PushedImages | null;

  /**
   * Builds the first image.
   * @param fromRegistry whether the template's comes from a registry, see {@link push}
   */
  static async make(ctx: Mocha.Context, engine: Engine, fromRegistry: boolean): Promise<FleetImages> {
    const run = randomUUID().slice(0, 8);
    const base = `molecule-test/rollout:${run}`;
    const context = { context: DEMO_AGENT, src: ["Dockerfile", "package.json", "dist"] };
    const buildargs = { BASE: await engine.nodeBase() };
    await drain(await engine.docker.buildImage(context, { t: base, buildargs, forcerm: true }));
    const registry = fromRegistry ? await useRegistry(ctx) : null;
    const pushed = registry === null ? null : new PushedImages(engine, registry, registry.host);
    const name = `fleet-${run}/demo:latest`;
    await pushed?.publish(base, name);
    const reference = registry === null ? base : `${registry.host}/${name}`;
    return new FleetImages(engine.docker, base, reference, pushed);
  }

  private constructor(docker: Docker, base: string, reference: string, pushed: PushedImages | null) {
    this.#docker = docker;
    this.#base = base;
    this.reference = reference;
    this.#pushed = pushed;
    atEnd(() => this.#removeLocal());
  }

  /** Builds a new image that behaves so; its id. The template's tag points at it then, as after a pull. */
  async build(behaviour: keyof typeof BEHAVIOURS): Promise<string> {
    const tar = pack();
    // A label of its own makes it another image, whatever else is the same.
    const dockerfile = `FROM ${this.#base}\nLABEL molecule.test.build=${randomUUID()}\n${BEHAVIOURS[behaviour]}\n`;
    tar.entry({ name: "Dockerfile" }, dockerfile);
    tar.finalize();
    const tag = `${this.#base}-${behaviour}`;
    await drain(await this.#docker.buildImage(Readable.from(tar), { t: tag, forcerm: true }));
    return (await this.#docker.getImage(tag).inspect()).Id;
  }

  /**
   * Publishes a new image that behaves so as the template's, where that comes from a registry; the engine does not
   * have it then.
   */
  async push(behaviour: keyof typeof BEHAVIOURS): Promise<PushedImage> {
    const { release, ...image } = await this.prepare(behaviour);
    await release();
    return image;
  }

  /** As {@link push}, for a moment that must not be missed: it is the template's only once it is released. */
  async prepare(
    behaviour: keyof typeof BEHAVIOURS,
  ): Promise<PushedImage & { readonly release: () => Promise<void> }> {
    const imageId = await this.build(behaviour);
    const repository = repositoryOf(this.reference);
    const draft = `${repository}:${randomUUID()}`;
    const pushed = this.#pushed;
    if (pushed === null) throw new Error("this fleet has no registry");
    const digest = await pushed.publish(imageId, draft);
    await this.#docker.getImage(`${this.#base}-${behaviour}`).remove();
    return { digest, imageId, release: () => pushed.retag(draft, `${repository}:latest`) };
  }

  /** Makes the template's reference mean this image, as a pull does. */
  async pointReferenceAt(imageId: string): Promise<void> {
    const [repo = "", tag = ""] = this.#base.split(":");
    await this.#docker.getImage(imageId).tag({ repo, tag });
  }

  /** The first image's id. */
  async first(): Promise<string> {
    return (await this.#docker.getImage(this.#base).inspect()).Id;
  }

  async #removeLocal(): Promise<void> {
    await this.#pushed?.removeLocal(repositoryOf(this.reference));
    for (const suffix of ["", ...Object.keys(BEHAVIOURS).map((name) => `-${name}`)]) {
      await this.#docker
        .getImage(`${this.#base}${suffix}`)
        .remove({ force: true })
        .catch(() => undefined);
    }
  }
}

/** Without the registry's host and the tag. */
function repositoryOf(reference: string): string {
  return reference.replace(/^[^/]*\//, "").replace(/:[^:/]*$/, "");
}
