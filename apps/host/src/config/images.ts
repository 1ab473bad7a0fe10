import { homedir } from "node:os";
import { join } from "node:path";
import { readPath, type PathContext } from "./paths.js";
import type { VariableReader } from "./variables.js";

/** How images of workspace templates are kept up to date. */
export interface ImagesConfig {
  readonly credentials: {
    /** For ghcr.io; null unless both `GHCR_USER` and `GHCR_TOKEN` are set. */
    readonly ghcr: { readonly username: string; readonly password: string } | null;
    /** Folder of Docker's `config.json`. */
    readonly dockerConfigDir: string;
  };
  /** Days after which images are removed that were pulled here and that nothing needs; null: they stay. */
  readonly keepDays: number | null;
  /** By which registries sign their webhooks; null: there is no such route. */
  readonly webhookSecret: string | null;
}

/** Reads the variables that concern images. */
export function readImages(read: VariableReader, context: PathContext): ImagesConfig {
  const username = read.text("GHCR_USER");
  const password = read.text("GHCR_TOKEN");
  return {
    credentials: {
      ghcr: username === undefined || password === undefined ? null : { username, password },
      dockerConfigDir: readPath(read, "DOCKER_CONFIG", context) ?? join(homedir(), ".docker"),
    },
    keepDays: read.integer("IMAGE_KEEP_DAYS", { min: 1, max: 3_650 }) ?? null,
    webhookSecret: read.text("REGISTRY_WEBHOOK_SECRET") ?? null,
  };
}
