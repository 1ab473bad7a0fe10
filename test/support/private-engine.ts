import { spawn } from "node:child_process";
import { mkdir, open, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import Docker from "dockerode";
import { findProgram, run, tryRun, widePath } from "./commands.js";
import { engineNames, removeAbandonedEngines, type EngineNames } from "./engine-remains.js";
import { supportErrors } from "./errors.js";
import { ownUntilEnd } from "./lifetime.js";
import { endProcess, processIdentity } from "./processes.js";

/** Numbers to choose from, each a second octet of 10.0.0.0/8; Docker's own default pools lie elsewhere. */
const FIRST_NUMBER = 130;
const LAST_NUMBER = 250;

const START_TIMEOUT_MS = 40_000;

/** Storage drivers in the order tried: overlay2 is fast but refuses to lie on another overlay. */
const STORAGE_DRIVERS = ["overlay2", "vfs"] as const;

/** Why this machine can't run a private engine; `undefined` when it can. */
export async function privateEngineObstacle(): Promise<string | undefined> {
  if (process.platform !== "linux") return "a private engine needs Linux";
  if (process.getuid?.() !== 0) return "a private engine needs root";
  for (const program of ["dockerd", "ip", "busybox"]) {
    if ((await findProgram(program)) === undefined) return `${program} is not installed`;
  }
  return undefined;
}

/** A private engine that a test can take down. */
export interface PrivateEngine {
  /** Path of its socket. */
  readonly socket: string;
  /** SIGKILL, as when its machine loses power; its containers' processes are left behind. */
  kill(): Promise<void>;
  /**
   * Starts it again, with all that it had.
   * @throws ENGINE_DID_NOT_START
   */
  start(): Promise<void>;
}

/**
 * Starts a dockerd of our own: its data, sockets and bridge are apart from any other engine's, and it ends with
 * this process. It makes no iptables rules on the machine and leaves forwarding alone: published ports go
 * through docker-proxy and containers reach the machine over the bridge, so that several such engines, or a
 * system-wide one, don't get into each other's way.
 *
 * @throws ENGINE_DID_NOT_START with the end of its log.
 */
export async function startPrivateEngine(): Promise<PrivateEngine> {
  await removeAbandonedEngines();
  const names = await claimNames();
  ownUntilEnd({ kind: "engine", directory: names.directory });
  await makeBridge(names);
  const path = await pathWithWorkingIptables(names.directory);

  let reason = "";
  for (const driver of STORAGE_DRIVERS) {
    const outcome = await startDaemon(names, driver, path);
    if (outcome === undefined) return handle(names, driver, path);
    reason = outcome;
    if (!/storage.driver|graphdriver|not supported|overlay/i.test(await readLog(names))) break;
  }
  throw supportErrors.ENGINE_DID_NOT_START({ reason, log: (await readLog(names)).slice(-4000) });
}

function handle(names: EngineNames, driver: string, path: string): PrivateEngine {
  return {
    socket: socketPath(names),
    kill: async () => {
      const pid = Number(await readFile(join(names.directory, "docker.pid"), "utf8"));
      await endProcess(pid, "SIGKILL", 10_000);
      await endContainerd(names);
    },
    start: async () => {
      const outcome = await startDaemon(names, driver, path);
      if (outcome === undefined) return;
      throw supportErrors.ENGINE_DID_NOT_START({
        reason: outcome,
        log: (await readLog(names)).slice(-4000),
      });
    },
  };
}

/**
 * The containerd that a dockerd has started ends with it, a moment later: a dockerd that starts in between, or where the
 * number in the file was given again, would wait for it in vain.
 */
async function endContainerd({ directory }: EngineNames): Promise<void> {
  const file = join(directory, "exec", "containerd", "containerd.pid");
  const pid = Number(await readFile(file, "utf8").catch(() => Number.NaN));
  // A dockerd on a machine with its own containerd starts none.
  if (!(pid > 0)) return;
  await endProcess(pid, "SIGKILL", 10_000);
  await rm(file, { force: true });
}

/** Making the folder claims the number: only one process can. */
async function claimNames(): Promise<EngineNames> {
  const routes = await run("ip", ["-4", "route", "show", "table", "all"]);
  for (let number = FIRST_NUMBER; number <= LAST_NUMBER; number++) {
    const names = engineNames(number);
    if (routes.includes(` ${names.subnet}`) || routes.includes(`\n${names.subnet}`)) continue;
    try {
      await mkdir(names.directory, { mode: 0o711 });
    } catch {
      continue;
    }
    await writeFile(join(names.directory, "owner"), (await processIdentity(process.pid)) ?? "");
    return names;
  }
  throw supportErrors.ENGINE_DID_NOT_START({ reason: "every subnet of the tests is taken", log: "" });
}

async function makeBridge({ bridge, subnet }: EngineNames): Promise<void> {
  // One of this name can only be a remainder: the number is ours.
  await tryRun("ip", ["link", "delete", bridge]);
  await run("ip", ["link", "add", bridge, "type", "bridge"]);
  await run("ip", ["addr", "add", `${subnet}255.1/24`, "dev", bridge]);
  await run("ip", ["link", "set", bridge, "up"]);
}

/**
 * The engine's resolver for named networks calls `iptables` inside each container. Where the kernel lacks
 * nf_tables but has the older tables, that call is led to iptables-legacy, for this engine only.
 */
async function pathWithWorkingIptables(directory: string): Promise<string> {
  const works = async (program: string): Promise<boolean> =>
    (await tryRun(program, ["-t", "nat", "-S"]).catch(() => undefined))?.code === 0;
  if ((await works("iptables")) || !(await works("iptables-legacy"))) return widePath();
  const folder = join(directory, "bin");
  await mkdir(folder);
  for (const name of ["iptables", "ip6tables"]) {
    const legacy = await findProgram(`${name}-legacy`);
    if (legacy !== undefined) await symlink(legacy, join(folder, name));
  }
  return [folder, widePath()].join(delimiter);
}

async function startDaemon(names: EngineNames, driver: string, path: string): Promise<string | undefined> {
  const { directory, bridge, subnet } = names;
  // Without a file of its own it would read the machine's /etc/docker/daemon.json.
  await writeFile(join(directory, "daemon.json"), "{}");
  const log = await open(join(directory, "dockerd.log"), "w");
  const child = spawn(
    (await findProgram("dockerd")) ?? "dockerd",
    [
      `--config-file=${join(directory, "daemon.json")}`,
      `--host=unix://${socketPath(names)}`,
      // One a driver: a root that another driver began is refused.
      `--data-root=${join(directory, driver)}`,
      `--exec-root=${join(directory, "exec")}`,
      `--pidfile=${join(directory, "docker.pid")}`,
      // A machine with its own containerd has dockerd use that one: there, too, we stay apart.
      `--containerd-namespace=${bridge}`,
      `--containerd-plugins-namespace=${bridge}-plugins`,
      `--bridge=${bridge}`,
      `--default-address-pool=base=${subnet}0.0/17,size=24`,
      "--iptables=false",
      "--ip6tables=false",
      "--ip-forward=false",
      "--ip-masq=false",
      `--userland-proxy=${String((await findProgram("docker-proxy")) !== undefined)}`,
      // Needs no systemd to be there.
      "--exec-opt=native.cgroupdriver=cgroupfs",
      "--insecure-registry=127.0.0.0/8",
      `--storage-driver=${driver}`,
    ],
    // A session of its own: Ctrl-C must not end it before its containers are removed.
    { detached: true, stdio: ["ignore", log.fd, log.fd], env: { PATH: path, HOME: directory } },
  );
  child.unref();
  const seen: { failure?: string } = {};
  child.on("error", (error) => (seen.failure = error.message));
  child.on("exit", (code, by) => (seen.failure = `it ended with ${by ?? `exit code ${code ?? -1}`}`));
  await log.close();
  return await answering(seen, socketPath(names));
}

/** Waits until the daemon answers; else says why it does not. */
async function answering(seen: { readonly failure?: string }, socket: string): Promise<string | undefined> {
  const docker = new Docker({ socketPath: socket });
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (seen.failure === undefined && performance.now() < deadline) {
    const up = await docker.ping().then(
      () => true,
      () => false,
    );
    if (up) return undefined;
    await pause(50);
  }
  return seen.failure ?? `it did not answer within ${START_TIMEOUT_MS} ms`;
}

function socketPath(names: EngineNames): string {
  return join(names.directory, "docker.sock");
}

async function readLog(names: EngineNames): Promise<string> {
  return await readFile(join(names.directory, "dockerd.log"), "utf8").catch(() => "");
}
