import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { isCodedError, type Clock, type Manifest, type WorkspaceTemplate } from "@molecule/core";
import { isRefusal } from "../../runtimes/docker/engine-errors.js";
import type { EngineClient } from "../../runtimes/docker/client.js";
import { resolveCommand } from "../../runtimes/process/command.js";
import { findingOf, runCheck, type CheckResult, type Finding } from "./check.js";
import type { ExaminedEngine } from "./engine.js";
import { namedRegistry, RegistryProbes, registryUrl } from "./registry.js";

/** What the templates are looked at with. */
export interface TemplateInputs {
  readonly manifest: Manifest;
  readonly examined: ExaminedEngine;
  /** The host's `PATH`. */
  readonly path: string;
  readonly clock: Clock;
}

/** Whether each workspace template could be launched, and whether its image's registry answers. */
export async function checkTemplates(inputs: TemplateInputs): Promise<CheckResult[]> {
  const { manifest, examined, path, clock } = inputs;
  const { kind } = examined;
  const registries = new RegistryProbes();
  const look = lookFor({ dir: manifest.dir, path, registries }, examined);
  if (look === null) {
    const finding =
      kind === "none" ? "not needed: nothing is launched here" : "not looked at: no container engine answers";
    return [{ name: "templates", status: kind === "none" ? "ok" : "warn", finding }];
  }
  return await Promise.all([
    ...manifest.templates.map((template) =>
      runCheck(`template ${template.name}`, clock, (signal) => look(template, signal)),
    ),
    ...(kind === "docker" ? checkRegistries(manifest.templates, registries, clock) : []),
  ]);
}

/**
 * Each registry that images name, also where the engine has the images: newer ones come from there. A name without one
 * may be that of an image that was only ever built here.
 */
function checkRegistries(
  templates: readonly WorkspaceTemplate[],
  registries: RegistryProbes,
  clock: Clock,
): Promise<CheckResult>[] {
  const images = templates.flatMap(({ image, build }) =>
    image === undefined || build !== undefined || namedRegistry(image) === null ? [] : [image],
  );
  const urls = new Map(images.map((image) => registryUrl(image)).map((url) => [url.host, url]));
  return [...urls.values()].map((url) =>
    runCheck(`registry ${url.host}`, clock, async (): Promise<Finding> => {
      const obstacle = await registries.obstacle(url);
      if (obstacle === null) return { status: "ok", finding: "it answers" };
      return {
        status: "warn",
        finding: `it does not answer here: ${obstacle}`,
        hint: "where the engine can't reach it either, no image of it is pulled or brought up to date",
      };
    }),
  );
}

type Look = (template: WorkspaceTemplate, signal: AbortSignal) => Promise<Finding>;

function lookFor(
  { dir, path, registries }: { dir: string; path: string; registries: RegistryProbes },
  { kind, engine }: ExaminedEngine,
): Look | null {
  if (kind === "process") return (template) => checkCommand(template, dir, path);
  if (engine === null) return null;
  return (template, signal) => checkImage(template, { dir, engine, registries, signal });
}

async function checkCommand(template: WorkspaceTemplate, dir: string, path: string): Promise<Finding> {
  let program: string;
  try {
    [program] = await resolveCommand(template, dir, path);
  } catch (error) {
    const isForEngines = isCodedError(error) && error.code === "TEMPLATE_INCOMPLETE";
    return findingOf(error, isForEngines ? "warn" : "fail");
  }
  for (const part of template.command?.slice(1) ?? []) {
    if (part.startsWith("./") && !(await exists(resolve(dir, part)))) {
      return {
        status: "fail",
        finding: `its command's ${part} is not there`,
        hint: "build it (npm run build), or correct workspace_templates[].command in the manifest",
      };
    }
  }
  return { status: "ok", finding: `command found: ${program}` };
}

interface ImageInputs {
  readonly dir: string;
  readonly engine: EngineClient;
  readonly registries: RegistryProbes;
  readonly signal: AbortSignal;
}

async function checkImage(template: WorkspaceTemplate, inputs: ImageInputs): Promise<Finding> {
  const { dir, engine, registries, signal } = inputs;
  const { image, build } = template;
  if (image === undefined) {
    const hint = "add an image in the manifest, or set CONTAINER_RUNTIME=process";
    return { status: "warn", finding: "it has no image, which the engine needs", hint };
  }
  try {
    await engine.call(`inspect the image ${image}`, signal, (docker) => docker.getImage(image).inspect());
    return { status: "ok", finding: `image ${image} is there` };
  } catch (error) {
    if (!isRefusal(error, 404)) throw error;
  }
  if (build !== undefined) {
    const dockerfile = resolve(dir, build.context, build.dockerfile ?? "Dockerfile");
    if (await exists(dockerfile)) {
      return { status: "ok", finding: `image ${image} is missing; the first launch builds it` };
    }
    const hint = "correct workspace_templates[].build in the manifest";
    return { status: "fail", finding: `image ${image} is missing, and so is ${dockerfile}`, hint };
  }
  const url = registryUrl(image);
  const obstacle = await registries.obstacle(url);
  if (obstacle === null) {
    return { status: "ok", finding: `image ${image} is missing; the first launch pulls it from ${url.host}` };
  }
  return {
    status: "warn",
    finding: `image ${image} is missing, and ${url.host} does not answer here: ${obstacle}`,
    hint: "where the engine can't reach it either, pull or load the image by hand",
  };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
