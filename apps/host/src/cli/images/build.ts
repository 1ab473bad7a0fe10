import { readManifest, systemClock, type WorkspaceTemplate } from "@molecule/core";
import { readConfig } from "../../config/config.js";
import { runEnvStage } from "../../config/env-stage.js";
import { cliErrors } from "../../errors/commands.js";
import { EngineClient } from "../../runtimes/docker/client.js";
import { readEndpoint } from "../../runtimes/docker/endpoint.js";
import { Images } from "../../runtimes/docker/images.js";
import { manifestPath } from "../manifest-path.js";
import type { CliContext } from "../program.js";

/** What `molecule images build` was called with. */
export interface BuildImagesOptions {
  /** Names of templates; empty means all that have a build entry. */
  readonly templates: readonly string[];
  /** `KEY=VALUE` each. */
  readonly buildArgs: readonly string[];
}

/**
 * `molecule images build`: builds templates' images on the engine of `DOCKER_HOST`, and shows what the build prints.
 * @throws BUILD_ARG_INVALID, TEMPLATE_UNKNOWN, IMAGE_BUILD_FAILED, or an error of the engine
 */
export async function buildImages(context: CliContext, options: BuildImagesOptions): Promise<void> {
  const args = Object.fromEntries(options.buildArgs.map(parseBuildArg));
  const { env: given, cwd } = context;
  const manifest = await readManifest(await manifestPath(context));
  const { env } = await runEnvStage({ manifest, env: given, cwd, clock: systemClock });
  const config = readConfig(env, { dev: true, cwd, terminal: false });
  const { host, tlsVerify, certPath } = config.docker;
  const endpoint = readEndpoint({
    DOCKER_HOST: host,
    DOCKER_TLS_VERIFY: tlsVerify,
    DOCKER_CERT_PATH: certPath,
  });
  const engine = new EngineClient(endpoint, systemClock);
  const interrupted = new AbortController();
  const interrupt = () => {
    interrupted.abort(new Error("interrupted"));
  };
  process.once("SIGINT", interrupt);
  try {
    // A build asks no registry on behalf of the template.
    const images = new Images({ engine, findLogin: () => Promise.resolve(null) }, manifest.dir);
    for (const template of chosenTemplates(manifest.templates, options.templates)) {
      context.output.write(`building ${template.image ?? ""} for the template ${template.name}\n`);
      const onOutput = (text: string) => void context.output.write(text);
      await images.build(template, { args, onOutput }, interrupted.signal);
      context.output.write(`built ${template.image ?? ""}\n`);
    }
  } finally {
    process.off("SIGINT", interrupt);
    engine.close();
  }
}

function parseBuildArg(text: string): [string, string] {
  const end = text.indexOf("=");
  if (end <= 0) throw cliErrors.BUILD_ARG_INVALID({ found: text });
  return [text.slice(0, end), text.slice(end + 1)];
}

function chosenTemplates(all: readonly WorkspaceTemplate[], names: readonly string[]): WorkspaceTemplate[] {
  const buildable = all.filter((template) => template.build !== undefined);
  const known = buildable.map((template) => template.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw cliErrors.TEMPLATE_UNKNOWN({ found: unknown, known });
  return names.length === 0 ? buildable : buildable.filter((template) => names.includes(template.name));
}
