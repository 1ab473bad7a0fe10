import { access } from "node:fs/promises";
import { run, widePath } from "./commands.js";

/** What can wait for each other's installation: the test processes of one machine. */
const LOCK_FILE = "/run/lock/molecule-test-install";

/** Debian asks the script before it starts a service: 101 = not allowed (policy-rc.d(8)). */
const INSTALL = `set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
apt-get update -q
apt-get install -qy --no-install-recommends "$@"
`;

const INSTALL_TIMEOUT_MS = 900_000;

const installs = new Map<string, Promise<void>>();

/**
 * What `find` finds; on a throw-away CI machine the packages are installed where it finds nothing. An installation that
 * another test process has begun is waited for first: what is unpacked already may not be fit for use yet.
 */
export async function findOrInstall<T>(
  find: () => Promise<T | undefined>,
  packages: readonly string[],
): Promise<T | undefined> {
  if (!(await mayInstall())) return await find();
  await run("flock", [LOCK_FILE, "true"], { timeoutMs: INSTALL_TIMEOUT_MS });
  const found = await find();
  if (found !== undefined) return found;
  await installPackages(packages);
  return await find();
}

/** Whether the tests may install what is missing: a throw-away CI machine, Debian or Ubuntu, as root. */
async function mayInstall(): Promise<boolean> {
  if (process.env.CI !== "true" || process.getuid?.() !== 0) return false;
  return await exists("/usr/bin/apt-get");
}

/** Installs packages without their recommendations and without starting any service; once a process. */
async function installPackages(packages: readonly string[]): Promise<void> {
  const key = packages.join(" ");
  const started = installs.get(key) ?? install(packages);
  installs.set(key, started);
  await started;
}

async function install(packages: readonly string[]): Promise<void> {
  // `npm test` has several test processes, and apt-get does not wait for another one.
  await run("flock", [LOCK_FILE, "sh", "-c", INSTALL, "install", ...packages], {
    env: { ...process.env, PATH: widePath(), DEBIAN_FRONTEND: "noninteractive" },
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
