import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The wrapper as the package ships it. */
export const WRAPPER = fileURLToPath(new URL("../../wrapper/gh", import.meta.url));

/** The badge of the sandbox's agent. */
export const BADGE = "🤖 [Agent: Pmm-Lead · ws-12345678]";

/** All that the wrapper may call. Nothing else is on its PATH, so that a new need shows up here. */
const TOOLS = ["bash", "awk", "cat", "date", "dd", "mkdir", "rm"];

/**
 * Stands in for the GitHub CLI: writes its arguments, the file among them and, where asked, its stdin into the
 * folder RECORD.
 */
const RECORDER = `#!/bin/sh
[ -n "$RECORD" ] || exit 0
for argument in "$@"; do printf '%s\\0' "$argument"; done >"$RECORD/arguments"
for argument in "$@"; do
  case $argument in -*/*) argument=/\${argument#*/} ;; esac
  case $argument in /*) [ ! -f "$argument" ] || cat "$argument" >"$RECORD/file" ;; esac
done
[ -z "$RECORD_STDIN" ] || cat >"$RECORD/stdin"
printf '%s' "$LC_ALL" >"$RECORD/locale"
exit "\${RECORDER_EXIT:-0}"
`;

/** One line of the audit log. */
export interface AuditLine {
  readonly time: string;
  readonly role: string;
  readonly workspace: string;
  readonly owner: string;
  readonly argv: readonly string[];
  readonly exit_code: number;
}

/** How a call ended. */
export interface CallResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What differs from a plain call. */
export interface CallOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Folders of PATH; those of the wrapper, the stand-in and the tools by default. */
  readonly path?: readonly string[];
}

/** A workspace's view of gh: the wrapper ahead of a stand-in on PATH, and a folder of its own for everything. */
export class Sandbox {
  readonly dir: string;
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(): Promise<Sandbox> {
    const sandbox = new Sandbox(await mkdtemp(join(tmpdir(), "gh-identity-")));
    for (const folder of ["bin", "real", "tools", "tmp", "record", "work"]) await mkdir(sandbox.path(folder));
    await cp(WRAPPER, sandbox.path("bin/gh"));
    await sandbox.script("real/gh", RECORDER);
    for (const tool of TOOLS) {
      const found = execFileSync("/bin/sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim();
      await symlink(found, sandbox.path(`tools/${tool}`));
    }
    return sandbox;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** Folders for {@link CallOptions.path}. */
  folders(...names: string[]): string[] {
    return names.map((name) => this.path(name));
  }

  /** Writes an executable file. */
  async script(name: string, text: string): Promise<void> {
    await writeFile(this.path(name), text);
    await chmod(this.path(name), 0o755);
  }

  /** Starts a program with the environment of an agent, in the folder `work`. */
  start(program: string, args: readonly string[], options: CallOptions = {}): ChildProcessWithoutNullStreams {
    const child = spawn(program, args, {
      cwd: this.path("work"),
      env: {
        PATH: (options.path ?? this.folders("bin", "real", "tools")).join(":"),
        HOME: this.dir,
        TMPDIR: this.path("tmp"),
        WORKSPACE_CONFIG_PATH: this.dir,
        RECORD: this.path("record"),
        MOLECULE_AGENT_ROLE: "Pmm-Lead",
        MOLECULE_WORKSPACE_ID: "12345678-9abc-4def-8012-3456789abcde",
        MOLECULE_ATTRIBUTION_BADGE: BADGE,
        MOLECULE_OWNER: "alice",
        ...options.env,
      },
    });
    this.#children.add(child);
    child.once("close", () => this.#children.delete(child));
    // A child that does not read its stdin closes the pipe early; that is not a fault of the test.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.stdin);
    return child;
  }

  /** Calls the wrapper. */
  gh(args: readonly string[], options: CallOptions = {}): Promise<CallResult> {
    return finished(this.start(this.path("bin/gh"), args, options));
  }

  /** Runs a bash script with the wrapper on its PATH. */
  bash(script: string, options: CallOptions = {}): Promise<CallResult> {
    return finished(this.start(this.path("tools/bash"), ["-c", script], options));
  }

  /** What the stand-in was called with; paths of the wrapper's own temporary files read `<file>`. */
  async recordedArguments(): Promise<string[]> {
    const text = await readFile(this.path("record/arguments"), "utf8");
    const marker = `${this.path("tmp")}/.gh-body.`;
    return text
      .split("\0")
      .slice(0, -1)
      .map((argument) => {
        const at = argument.indexOf(marker);
        return at < 0 ? argument : `${argument.slice(0, at)}<file>`;
      });
  }

  /** Whether the stand-in was called at all. */
  get wasCalled(): boolean {
    return existsSync(this.path("record/arguments"));
  }

  /** Content that the stand-in found in a file among its arguments, on its stdin, or as its locale. */
  recorded(what: "file" | "stdin" | "locale"): Promise<Buffer> {
    return readFile(this.path(`record/${what}`));
  }

  /** Names of files that were left behind in the temporary folder. */
  leftovers(): Promise<string[]> {
    return readdir(this.path("tmp"));
  }

  async auditLines(file = "gh-audit.jsonl"): Promise<AuditLine[]> {
    const text = await readFile(this.path(file), "utf8");
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => {
        const parsed: unknown = JSON.parse(line);
        if (!isAuditLine(parsed)) throw new Error(`not an audit line: ${line}`);
        return parsed;
      });
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Waits for the end of a program and collects what it wrote. */
export function finished(child: ChildProcessWithoutNullStreams): Promise<CallResult> {
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({
        code,
        signal,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
  });
}

function isAuditLine(value: unknown): value is AuditLine {
  return (
    typeof value === "object" &&
    value !== null &&
    "time" in value &&
    typeof value.time === "string" &&
    "role" in value &&
    typeof value.role === "string" &&
    "workspace" in value &&
    typeof value.workspace === "string" &&
    "owner" in value &&
    typeof value.owner === "string" &&
    "argv" in value &&
    Array.isArray(value.argv) &&
    value.argv.every((argument) => typeof argument === "string") &&
    "exit_code" in value &&
    typeof value.exit_code === "number" &&
    Object.keys(value).length === 6
  );
}
