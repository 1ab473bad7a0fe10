import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isWatchingSecrets, plantSecret, plantSecretsOfDotenv, recordStream } from "../secret-watch.js";

/** Files of a host's data folder that hold a secret which it has made, where it was given none. */
const MADE_SECRETS = ["admin-token", "secrets-key"];
/** Names of the files of a database's own tables and indexes begin here; the rest came with the server. */
const FIRST_OWN_FILE = 16_384;

/** Plants the secrets that a host finds in files: its `.env`, and those that it made itself. */
export async function plantSecretsInFiles(
  name: string,
  folders: { cwd: string; dataDir: string },
): Promise<void> {
  if (!isWatchingSecrets()) return;
  const dotenv = await readIfThere(join(folders.cwd, ".env"));
  if (dotenv !== undefined) plantSecretsOfDotenv(dotenv.toString(), `the .env file of ${name}`);
  for (const file of MADE_SECRETS) {
    const made = await readIfThere(join(folders.dataDir, file));
    if (made !== undefined) plantSecret(made.toString().trim(), `${file} of ${name}`);
  }
}

/** Plants the tokens of the workspaces that a host ran as local processes: they are made by the host, and lie there. */
export async function plantWorkspaceTokens(name: string, dataDir: string): Promise<void> {
  if (!isWatchingSecrets()) return;
  const workspaces = join(dataDir, "workspaces");
  for (const file of await readdir(workspaces, { recursive: true }).catch(() => [])) {
    if (basename(file) !== ".auth_token") continue;
    const token = await readIfThere(join(workspaces, file));
    if (token !== undefined) plantSecret(token.toString().trim(), `token of a workspace of ${name}`);
  }
}

/**
 * Records the tables of a host's embedded database as they lie in its files, since opening it takes seconds. What the
 * database compresses (rows over 2 KB) is not seen that way, nor what a killed host had in its write-ahead log only.
 */
export async function recordEmbeddedDatabase(name: string, dataDir: string): Promise<void> {
  if (!isWatchingSecrets()) return;
  const base = join(dataDir, "database", "base");
  for (const database of await readdir(base).catch(() => [])) {
    const files = await readdir(join(base, database)).catch(() => []);
    for (const file of files.filter((each) => Number.parseInt(each) >= FIRST_OWN_FILE)) {
      const bytes = await readIfThere(join(base, database, file));
      if (bytes !== undefined) recordStream("database", `table file ${file} of ${name}`)(bytes);
    }
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  return await readFile(path).catch(() => undefined);
}
