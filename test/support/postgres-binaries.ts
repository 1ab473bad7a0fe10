import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findOrInstall } from "./debian.js";
import { findProgram } from "./commands.js";

/** Where Debian keeps each major's programs; only psql and the like are on the PATH there. */
const DEBIAN_ROOT = "/usr/lib/postgresql";

/** What a private Postgres is run with. */
export interface PostgresBinaries {
  /** Folder of initdb and postgres. */
  readonly folder: string;
  /** Whom to run them as; `undefined`: as we are. Postgres refuses root. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/** Finds Postgres' programs, on a throw-away CI machine by installing them; else answers why there are none. */
export async function findPostgresBinaries(): Promise<PostgresBinaries | string> {
  if (process.platform === "win32") return "a private Postgres needs Unix";
  const folder = await findOrInstall(findFolder, ["postgresql"]);
  if (folder === undefined) {
    return "TEST_DATABASE_URL is unset, and initdb is neither on the PATH nor under /usr/lib/postgresql";
  }
  if (process.getuid?.() !== 0) return { folder, user: undefined };
  const user = await accountOf("postgres");
  return user === undefined ? "we are root, and there is no user postgres to run it as" : { folder, user };
}

async function findFolder(): Promise<string | undefined> {
  const majors = await readdir(DEBIAN_ROOT).catch(() => []);
  const newestFirst = majors.sort((a, b) => Number(b) - Number(a));
  const initdb = await findProgram(
    "initdb",
    newestFirst.map((major) => join(DEBIAN_ROOT, major, "bin")),
  );
  return initdb === undefined ? undefined : dirname(initdb);
}

async function accountOf(name: string): Promise<{ uid: number; gid: number } | undefined> {
  for (const line of (await readFile("/etc/passwd", "utf8")).split("\n")) {
    const [account, , uid, gid] = line.split(":");
    if (account === name) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
