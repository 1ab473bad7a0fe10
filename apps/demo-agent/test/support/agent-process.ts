import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "@molecule/test/support/eventually.js";
import { own } from "@molecule/test/support/lifetime.js";
import { collectLines, type OutputLine } from "@molecule/test/support/output-lines.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** The agent as a process of its own, as the platform's process runtime starts it. */
export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #lines: OutputLine[] = [];
  readonly #ended: Promise<unknown>;

  /** @param env - its whole environment, but for PATH */
  constructor(env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    collectLines(child.stdout, this.#lines);
    collectLines(child.stderr, this.#lines);
    this.#child = child;
    // "close" comes after "exit", when both streams are read to their end.
    this.#ended = once(child, "close");
    if (child.pid === undefined) return;
    const ownership = own({ kind: "process", pid: child.pid, signal: "SIGKILL" });
    child.on("exit", () => ownership.release());
  }

  /** Everything that it said so far. */
  get output(): string {
    return this.#lines.map((line) => line.text).join("\n");
  }

  /** Where it serves, by its own word. */
  url(): Promise<string> {
    return eventually(() => /serving on (http:\S+)/.exec(this.output)?.[1], { what: "the agent serves" });
  }

  /** Waits until it said something that matches. */
  async says(pattern: RegExp): Promise<void> {
    await eventually(() => pattern.test(this.output), { what: `the agent says ${String(pattern)}` });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Its exit code once it has ended, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** Ends it for certain; twice is fine. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }
}
