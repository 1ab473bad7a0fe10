import { access, rm, writeFile } from "node:fs/promises";
import { run, widePath } from "./commands.js";

const POLICY_FILE = "/usr/sbin/policy-rc.d";

const installs = new Map<string, Promise<void>>();

/** Whether the tests may install what is missing: a throw-away CI machine, Debian or Ubuntu, as root. */
export async function mayInstall(): Promise<boolean> {
  if (process.env.CI !== "true" || process.getuid?.() !== 0) return false;
  return await exists("/usr/bin/apt-get");
}

/** Installs packages without their recommendations and without starting any service; once a process. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const key = packages.join(" ");
  const started = installs.get(key) ?? install(packages);
  installs.set(key, started);
  await started;
}

async function install(packages: readonly string[]): Promise<void> {
  // Debian asks this script before it starts a service: 101 = not allowed (policy-rc.d(8)).
  const policyIsOurs = !(await exists(POLICY_FILE));
  if (policyIsOurs) await writeFile(POLICY_FILE, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const env = { ...process.env, PATH: widePath(), DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update", "-q"], { env, timeoutMs: 180_000 });
    await run("apt-get", ["install", "-qy", "--no-install-recommends", ...packages], {
      env,
      timeoutMs: 420_000,
    });
  } finally {
    if (policyIsOurs) await rm(POLICY_FILE, { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
