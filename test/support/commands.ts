import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { supportErrors } from "./errors.js";

/** Where daemons live on Debian; not on the PATH of a plain user, nor of some CI runners. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"];

/** Keeps what is held of a command's output small; the end of it is what tells of a failure. */
const OUTPUT_LIMIT_BYTES = 256 * 1024;

/** The PATH of this process with the system's folders after it. */
export function widePath(): string {
  return [process.env.PATH ?? "", ...SYSTEM_FOLDERS].filter((part) => part !== "").join(delimiter);
}

/** The full path of a program, looked for on the PATH, in the system's folders and in `alsoIn`. */
export async function findProgram(name: string, alsoIn: readonly string[] = []): Promise<string | undefined> {
  for (const folder of [...widePath().split(delimiter), ...alsoIn]) {
    const candidate = join(folder, name);
    const found = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  return undefined;
}

/** How {@link run} runs a command. */
export interface RunOptions {
  /** Whole environment; this process's with {@link widePath} unless told. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Unix user and group to run as; needs root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The command is killed after this many ms; 60,000 unless told. */
  readonly timeoutMs?: number;
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string;
}

/** What a command answered. */
export interface RunResult {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and answers what it said, also when it failed. */
export async function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: options.env ?? { ...process.env, PATH: widePath() },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: "SIGKILL",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...options.user,
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code: code ?? -1, stdout: stdout(), stderr: stderr() });
    });
    // A command that ends without reading its input is no fault of ours.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/**
 * Runs a command that has to succeed, and answers its standard output.
 *
 * @throws COMMAND_FAILED with the end of what it said.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await tryRun(command, args, options);
  if (result.code !== 0) {
    throw supportErrors.COMMAND_FAILED({
      command: [command, ...args].join(" "),
      outcome: result.code === -1 ? "ended by a signal or its time limit" : `exit code ${result.code}`,
      output: `${result.stdout}${result.stderr}`.slice(-2000),
    });
  }
  return result.stdout;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_LIMIT_BYTES);
  });
  return () => text;
}
