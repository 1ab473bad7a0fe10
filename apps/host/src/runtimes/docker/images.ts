import { resolve } from "node:path";
import { messageOf, type ImageIdentity, type RuntimeCall, type WorkspaceTemplate } from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";
import type { EngineClient } from "./client.js";
import { isRefusal } from "./engine-errors.js";
import { packContext } from "./build-context.js";
import { drainProgress } from "./progress.js";
import { pullImage, refusedOr, type PullServices } from "./pull.js";
import { SharedWork } from "./shared-work.js";

/** What a launch needs to know of an image. */
export interface ImageInfo extends ImageIdentity {
  /** Reference as in the template, with its tag. */
  readonly reference: string;
  readonly env: Readonly<Record<string, string>>;
  /** The user that its process runs as, e.g. `1000:1000` or `node`; empty for root. */
  readonly user: string;
}

type Build = NonNullable<WorkspaceTemplate["build"]>;

/** Makes sure that the images of templates are there. */
export class Images {
  readonly #pulls: PullServices;
  readonly #engine: EngineClient;
  readonly #manifestDir: string;
  readonly #fetches = new SharedWork<void>();

  /** @param manifestDir the manifest's folder, which build contexts are relative to; absolute */
  constructor(pulls: PullServices, manifestDir: string) {
    this.#pulls = pulls;
    this.#engine = pulls.engine;
    this.#manifestDir = manifestDir;
  }

  /**
   * The template's image; built when it is missing and the template says how, else pulled.
   * @throws TEMPLATE_INCOMPLETE, IMAGE_REFERENCE_INVALID, IMAGE_BUILD_FAILED, IMAGE_PULL_FAILED, and those of
   *   {@link EngineClient.call}
   */
  async ensure(template: WorkspaceTemplate, call: RuntimeCall): Promise<ImageInfo> {
    if (template.image === undefined) {
      throw runtimeErrors.TEMPLATE_INCOMPLETE({ template: template.name, field: "image", runtime: "docker" });
    }
    const reference = withTag(template.image);
    try {
      return await this.#inspect(reference, call.signal);
    } catch (error) {
      if (!isRefusal(error, 404)) throw error;
    }
    const { build } = template;
    await this.#fetches.join(reference, call.signal, async (signal) => {
      call.log.info(`image ${reference} is missing: ${build === undefined ? "pulling" : "building"} it`);
      await (build === undefined ? this.#pull(reference, signal) : this.#build(reference, build, signal));
      call.log.info(`image ${reference} is there`);
    });
    return await this.#inspect(reference, call.signal);
  }

  /**
   * The environment of the template's image as far as it is there; empty when it is not.
   * @throws those of {@link EngineClient.call}
   */
  async localEnvironment(
    template: WorkspaceTemplate,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    if (template.image === undefined) return {};
    try {
      return (await this.#inspect(withTag(template.image), signal)).env;
    } catch (error) {
      if (isRefusal(error, 404)) return {};
      throw error;
    }
  }

  /** The image of this reference or id; null when it is not there. */
  async identify(reference: string, signal: AbortSignal): Promise<ImageIdentity | null> {
    try {
      const { id, digest } = await this.#inspect(withTag(reference), signal);
      return { id, digest };
    } catch (error) {
      if (isRefusal(error, 404)) return null;
      throw error;
    }
  }

  /**
   * Builds the template's image, whether it is there or not.
   * @param options.args arguments of the Dockerfile, over the template's
   * @param options.onOutput gets what the build prints, as it comes
   * @throws TEMPLATE_INCOMPLETE, IMAGE_BUILD_FAILED, and those of {@link EngineClient.call}
   */
  async build(
    template: WorkspaceTemplate,
    options: { readonly args: Readonly<Record<string, string>>; readonly onOutput: (text: string) => void },
    signal: AbortSignal,
  ): Promise<void> {
    const { name, image, build } = template;
    if (image === undefined || build === undefined) {
      throw runtimeErrors.TEMPLATE_INCOMPLETE({ template: name, field: "build", runtime: "docker" });
    }
    const args = { ...build.args, ...options.args };
    await this.#build(withTag(image), { ...build, args }, signal, options.onOutput);
  }

  async #inspect(reference: string, signal: AbortSignal): Promise<ImageInfo> {
    const found = await this.#engine.call(`inspect the image ${reference}`, signal, (docker) =>
      docker.getImage(reference).inspect(),
    );
    const config: { readonly Env?: readonly string[] | null; readonly User?: string } = found.Config;
    const digests: { readonly RepoDigests?: readonly string[] | null } = found;
    return {
      reference,
      id: found.Id,
      digest: digestIn(digests.RepoDigests ?? [], reference),
      env: parseEnv(config.Env ?? []),
      user: config.User ?? "",
    };
  }

  async #pull(image: string, signal: AbortSignal): Promise<void> {
    const failure = await pullImage(this.#pulls, image, signal);
    if (failure !== null) throw runtimeErrors.IMAGE_PULL_FAILED({ image, reason: failure.reason });
  }

  async #build(
    image: string,
    build: Build,
    signal: AbortSignal,
    onOutput?: (text: string) => void,
  ): Promise<void> {
    const context = resolve(this.#manifestDir, build.context);
    const failed = (reason: string, cause?: unknown) =>
      runtimeErrors.IMAGE_BUILD_FAILED({ image, context: build.context, reason }, { cause });
    const dockerfile = build.dockerfile ?? "Dockerfile";
    const body = await packContext(context, dockerfile).catch((error: unknown) => {
      throw failed(messageOf(error), error);
    });
    // Its errors end the request; a listener of our own keeps one that comes later from ending the process.
    body.on("error", () => undefined);
    const options = { t: image, dockerfile, buildargs: { ...build.args }, rm: true, forcerm: true };
    try {
      const failure = await this.#engine
        .stream(`build the image ${image}`, signal, async (docker, abortSignal) =>
          drainProgress(await docker.buildImage(body, { ...options, abortSignal }), {
            ...(onOutput === undefined ? {} : { onOutput }),
          }),
        )
        .catch((error: unknown) => {
          if (body.errored !== null) throw failed(body.errored.message, error);
          return refusedOr(error);
        });
      if (failure !== null) throw failed(failure.reason);
    } finally {
      body.destroy();
    }
  }
}

/** The engine takes a reference without a tag as "all tags" when it pulls. */
function withTag(image: string): string {
  const lastPart = image.slice(image.lastIndexOf("/") + 1);
  return image.includes("@") || lastPart.includes(":") ? image : `${image}:latest`;
}

/** The digest under the reference's own repository, where it has one there, else any. */
function digestIn(repoDigests: readonly string[], reference: string): string | null {
  const repository = reference.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  const own = repoDigests.find((each) => each.startsWith(`${repository}@`)) ?? repoDigests[0];
  return own === undefined ? null : own.slice(own.indexOf("@") + 1);
}

function parseEnv(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const end = entry.indexOf("=");
      return end < 0 ? [entry, ""] : [entry.slice(0, end), entry.slice(end + 1)];
    }),
  );
}
