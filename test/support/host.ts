import { spawn, type ChildProcess } from "node:child_process";
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { tryRun, widePath, type RunResult } from "./commands.js";
import { deployment } from "./deployment.js";
import { supportErrors } from "./errors.js";
import { eventually, type EventuallyOptions } from "./eventually.js";
import { own } from "./lifetime.js";
import { collectLines, type OutputLine } from "./output-lines.js";
import { endProcess } from "./processes.js";
import {
  plantSecretsInFiles,
  plantWorkspaceTokens,
  recordEmbeddedDatabase,
} from "./secret-watch/host-files.js";
import { nameHost, plantSecretsOf, recordOutput, recordStream, watchHost } from "./secret-watch.js";
import { tempDir } from "./temp.js";

const HOST_PROGRAM = fileURLToPath(new URL("../../../apps/host/dist/cli/main.js", import.meta.url));

/** The host promises to end within 15 s of SIGTERM (faults.md, row 46); a bit more for a busy machine. */
const STOP_TIMEOUT_MS = 20_000;

/** How the host is started. */
export interface HostOptions {
  /** Added to a minimal environment, which holds nothing of the test process's but PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Nothing but PATH, HOME and `env`, as `env -i` gives: no port, data folder or log format. */
  readonly bare?: boolean;
  /** Whether `--dev` is given; not unless told. */
  readonly dev?: boolean;
  /** Further arguments of `start`. */
  readonly args?: readonly string[];
  /** `MOLECULE_DATA_DIR`; a new folder unless told. */
  readonly dataDir?: string;
  /** `MOLECULE_MANIFEST`; that of the working directory unless told. */
  readonly manifest?: string;
  /** Working directory; unless told one with the repository's manifest.json, but not its `.env`: {@link deployment}. */
  readonly cwd?: string;
  /** Deadline for `GET /health` to answer 200, in ms; 120,000 unless told: PGlite takes long on a busy machine. */
  readonly startTimeoutMs?: number;
}

/** An answer of the host's API. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body when it is JSON, else its text. */
  readonly body: unknown;
  readonly text: string;
}

/** A real host in a process of its own; it ends with the test process, whatever ends that. */
export interface RunningHost {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** All that it said so far, on both streams; grows while it runs. */
  readonly lines: readonly OutputLine[];
  /** One request; a body that is no string is sent as JSON. */
  api(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ApiAnswer>;
  /** Waits for a line of its output; NEVER_HAPPENED at the deadline. */
  waitForLine(matches: (line: OutputLine) => boolean, options?: EventuallyOptions): Promise<OutputLine>;
  /** SIGTERM (or another signal); answers the exit code, -1 when a signal ended it. Twice is fine. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Waits for it to end by itself; answers as {@link RunningHost.stop}. */
  exited(): Promise<number>;
}

/**
 * Starts the built host on an ephemeral port and waits until it answers `GET /health` with 200.
 *
 * @throws HOST_NOT_BUILT, HOST_DID_NOT_START with the end of its output.
 */
export async function startHost(options: HostOptions = {}): Promise<RunningHost> {
  const { args, env, cwd, dataDir } = await commandLine(options);
  const lines: OutputLine[] = [];
  const name = nameHost();
  plantSecretsOf(env, name);
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  collectLines(child.stdout, lines);
  collectLines(child.stderr, lines);
  child.stdout.on("data", recordStream("log", `output of ${name}`));
  child.stderr.on("data", recordStream("log", `error output of ${name}`));
  const exit = exitOf(child).then(async (code) => {
    await plantWorkspaceTokens(name, dataDir);
    await recordEmbeddedDatabase(name, dataDir);
    return code;
  });
  const { pid } = child;
  if (pid === undefined) throw supportErrors.HOST_DID_NOT_START({ reason: "no process", log: "" });
  const ownership = own({ kind: "process", pid, signal: "SIGTERM" });
  void exit.then(() => ownership.release());

  const port = await waitUntilHealthy(child, lines, options.startTimeoutMs ?? 120_000);
  const url = `http://127.0.0.1:${port}`;
  watchHost(url);
  await plantSecretsInFiles(name, { cwd, dataDir });
  return {
    url,
    port,
    pid,
    dataDir,
    lines,
    api: async (method, path, body, headers) => await request(`${url}${path}`, method, body, headers),
    waitForLine: async (matches, waiting) =>
      await eventually(() => lines.find(matches), { what: "a line of the host's log", ...waiting }),
    stop: async (signal = "SIGTERM") => {
      if (isRunning(child)) await endProcess(pid, signal, STOP_TIMEOUT_MS);
      return await exit;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
    exited: async () => await exit,
  };
}

/** Runs the host where it is expected to end by itself, as with a bad configuration; kills it after two minutes. */
export async function runHost(options: HostOptions = {}): Promise<RunResult> {
  const { args, env, cwd, dataDir } = await commandLine(options);
  const name = nameHost();
  plantSecretsOf(env, name);
  const result = await tryRun(process.execPath, args, { cwd, env, timeoutMs: 120_000 });
  recordOutput("log", `output of ${name}`, result.stdout);
  recordOutput("log", `error output of ${name}`, result.stderr);
  await plantSecretsInFiles(name, { cwd, dataDir });
  await recordEmbeddedDatabase(name, dataDir);
  return result;
}

interface CommandLine {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly dataDir: string;
}

async function commandLine(options: HostOptions): Promise<CommandLine> {
  await access(HOST_PROGRAM).catch((thrown: unknown) => {
    throw supportErrors.HOST_NOT_BUILT({ file: "apps/host/dist/cli/main.js" }, { cause: thrown });
  });
  const dataDir = options.dataDir ?? (await tempDir("mhost-"));
  const env: Record<string, string> = {
    PATH: widePath(),
    HOME: dataDir,
    ...(options.bare === true ? {} : { PORT: "0", LOG_FORMAT: "json", MOLECULE_DATA_DIR: dataDir }),
    ...(options.manifest === undefined ? {} : { MOLECULE_MANIFEST: options.manifest }),
    ...inherited("NODE_OPTIONS", "NODE_V8_COVERAGE"),
    ...options.env,
  };
  const dev = options.dev === true ? ["--dev"] : [];
  return {
    args: [HOST_PROGRAM, "start", ...dev, ...(options.args ?? [])],
    env,
    cwd: options.cwd ?? (await deployment()),
    dataDir,
  };
}

/** Source maps and coverage reach into the host; nothing else of the test's environment does. */
function inherited(...names: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) values[name] = value;
  }
  return values;
}

async function waitUntilHealthy(
  child: ChildProcess,
  lines: readonly OutputLine[],
  timeoutMs: number,
): Promise<number> {
  const failed = (reason: string): Error =>
    supportErrors.HOST_DID_NOT_START({
      reason,
      log: lines
        .slice(-40)
        .map((line) => line.text)
        .join("\n"),
    });
  const look = async (): Promise<number | Error | undefined> => {
    if (!isRunning(child))
      return failed(`it ended with ${child.signalCode ?? `code ${child.exitCode ?? -1}`}`);
    const port = lines.find((line) => line.message === "listening")?.fields?.port;
    if (typeof port !== "number") return undefined;
    return (await fetch(`http://127.0.0.1:${port}/health`)).status === 200 ? port : undefined;
  };
  const outcome = await eventually(look, { timeoutMs }).catch((thrown: unknown) =>
    failed(`no 200 from /health within ${timeoutMs} ms (${String(thrown)})`),
  );
  if (typeof outcome === "number") return outcome;
  child.kill("SIGKILL");
  throw outcome;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Resolves when the process is gone and all that it said was read. */
async function exitOf(child: ChildProcess): Promise<number> {
  return await new Promise((resolve) => {
    child.on("error", () => {
      resolve(-1);
    });
    child.on("close", (code) => {
      resolve(code ?? -1);
    });
  });
}

async function request(
  url: string,
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  const sent: Record<string, string> = { ...headers };
  const init: RequestInit = { method, headers: sent };
  if (body !== undefined) {
    sent["Content-Type"] ??= "application/json";
    init.body = typeof body === "string" ? body : JSON.stringify(body);
  }
  const answer = await fetch(url, init);
  const text = await answer.text();
  const isJson = answer.headers.get("content-type")?.startsWith("application/json") === true;
  const parsed: unknown = isJson && text !== "" ? JSON.parse(text) : text;
  return { status: answer.status, headers: answer.headers, body: parsed, text };
}
