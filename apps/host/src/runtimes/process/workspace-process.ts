import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Clock } from "@molecule/core";
import { GUARD_SCRIPT, GUARD_SHELL, LIFELINE } from "./guard.js";

/** Ms for the output of a process that has ended: what it left running may hold it open. */
const OUTPUT_GRACE_MS = 3000;
/** A shell's exit code for a process that a signal has ended is this much more than the signal's number. */
const SIGNAL_EXIT_BASE = 128;

/** What to run. */
export interface ProcessOptions {
  readonly command: readonly string[];
  /** Absolute path of a folder. */
  readonly workingDirectory: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes the output; ended with the process. */
  readonly output: Writable;
  readonly clock: Clock;
}

/** A process in a session and process group of its own, which ends with the host whatever ends that. */
export class WorkspaceProcess {
  readonly pid: number;
  readonly #clock: Clock;
  readonly #ended: Promise<void>;
  #exitCode: number | null = null;
  #stopping = false;

  /** @throws the system's error when the shell that starts it, or the folder, is not there */
  static async start(options: ProcessOptions): Promise<WorkspaceProcess> {
    const child = spawn(GUARD_SHELL, ["-c", GUARD_SCRIPT, "molecule-guard", ...options.command], {
      cwd: options.workingDirectory,
      env: options.env,
      detached: true,
      stdio: ["ignore", "pipe", "ignore", "pipe"],
    });
    try {
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", reject);
      });
    } catch (error) {
      options.output.destroy();
      throw error;
    }
    return new WorkspaceProcess(child, options);
  }

  private constructor(child: ChildProcess, { output, clock }: ProcessOptions) {
    const { pid, stdout } = child;
    if (pid === undefined || stdout === null) throw new Error("a spawned process has a pid");
    this.pid = pid;
    this.#clock = clock;
    stdout.pipe(output, { end: false });
    const lifeline = child.stdio[LIFELINE];
    // The guard writes nothing; how its end closes does not matter.
    lifeline?.on("error", () => undefined);
    this.#ended = new Promise<void>((resolve) => {
      child.once("exit", (code, signal) => {
        this.#exitCode = code ?? SIGNAL_EXIT_BASE + (signal === null ? 0 : constants.signals[signal]);
        // What it has left running goes with it: at once when it was told to stop, else as the guard does it.
        if (this.#stopping) this.#signal("SIGKILL");
        lifeline?.destroy();
        resolve();
      });
    }).then(() => this.#finishOutput(stdout, output));
  }

  /** Null while it runs; as a shell tells it otherwise. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Whether it was told to end. */
  get stopped(): boolean {
    return this.#stopping;
  }

  /** Resolves when the process has ended and its output is written. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** SIGTERM to the group; SIGKILL to what is left of it when the process has ended, or after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (this.#exitCode === null) {
      this.#stopping = true;
      this.#signal("SIGTERM");
      const cancelTimer = this.#clock.timer(() => {
        if (this.#exitCode === null) this.#signal("SIGKILL");
      }, graceMs);
      await this.#ended;
      cancelTimer();
      return;
    }
    await this.#ended;
  }

  /** The group's number stays its own as long as the guard's watcher is in it. */
  #signal(name: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, name);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  async #finishOutput(stdout: Readable, output: Writable): Promise<void> {
    const cancelTimer = this.#clock.timer(() => {
      stdout.destroy();
    }, OUTPUT_GRACE_MS);
    await finished(stdout).catch(() => undefined);
    cancelTimer();
    output.end();
    await finished(output).catch(() => undefined);
  }
}
