import type { BootTask, BootTaskContext } from "@molecule/core";
import { locateEnvFile, readEnvFile } from "./env-file.js";
import { parse, type ParseWarning } from "./parse.js";

/** Lines that are warned of one by one; a file of another kind has thousands. */
const MAX_WARNINGS = 20;

/** The boot task that fills the environment from the `.env` file beside the manifest. */
export function dotenvTask(manifestDir: string): BootTask {
  return {
    name: "dotenv",
    stage: "env",
    source: ".env file",
    run: (ctx) => fill(ctx, manifestDir),
  };
}

async function fill({ env, cwd, log }: BootTaskContext, manifestDir: string): Promise<string> {
  const path = await locateEnvFile(cwd, manifestDir);
  if (path === null) return `no .env: ${cwd} is not ${manifestDir}, nor up to 6 folders below`;
  const text = await readEnvFile(path);
  if (text === null) return `no .env in ${manifestDir}`;
  const { variables, warnings } = parse(text);
  warn(log, path, warnings);
  // An existing empty string counts as set.
  const unset = variables.filter(({ name }) => env[name] === undefined);
  for (const { name, value } of unset) env[name] = value;
  const counts = `loaded ${unset.length}, ${variables.length - unset.length} already set`;
  log.info(`.env: ${path} — ${counts}`);
  return warnings.length === 0 ? counts : `${counts}, ${warnings.length} warnings`;
}

function warn(log: BootTaskContext["log"], path: string, warnings: readonly ParseWarning[]): void {
  for (const { line, reason } of warnings.slice(0, MAX_WARNINGS)) {
    log.warn(`.env: ${path} line ${line}: ${reason}`);
  }
  const more = warnings.length - MAX_WARNINGS;
  if (more > 0) log.warn(`.env: ${path} has ${more} more lines like these`);
}
