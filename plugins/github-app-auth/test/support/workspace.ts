import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** What every image has for the scripts; nothing else is on their PATH, so that a new need shows up here. */
const TOOLS = ["cat", "cut", "date", "mv", "rm", "sed", "tr"];

export const WORKSPACE_ID = "12345678-9abc-4def-8012-3456789abcde";
/** The workspace's own token. */
export const BEARER = "workspace-token-0123456789";

/** How a script ended. */
export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A workspace as the scripts see it: a configuration folder, tools, and a platform that answers as it is told. */
export class ScriptWorkspace {
  readonly dir: string;
  /** What the platform was asked. */
  readonly requests: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
  answer: { status: number; body: string } = { status: 404, body: "" };
  readonly #server: Server;

  private constructor(dir: string) {
    this.dir = dir;
    this.#server = createServer((request, response) => {
      this.requests.push({ url: request.url, headers: request.headers });
      response.writeHead(this.answer.status, { "Content-Type": "application/json" }).end(this.answer.body);
    });
  }

  static async create(): Promise<ScriptWorkspace> {
    const workspace = new ScriptWorkspace(await mkdtemp(join(tmpdir(), "github-app-ws-")));
    for (const folder of ["configs", "tools", "bin", "real"]) await mkdir(workspace.path(folder));
    for (const name of ["molecule-github-token", "gh"]) {
      await cp(
        fileURLToPath(new URL(`../../container/${name}`, import.meta.url)),
        workspace.path(`bin/${name}`),
      );
    }
    for (const tool of TOOLS) await workspace.tool(tool);
    await writeFile(workspace.path("configs/.auth_token"), BEARER, { mode: 0o600 });
    workspace.#server.listen(0, "127.0.0.1");
    await once(workspace.#server, "listening");
    return workspace;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  /** Puts a program of this machine into a folder of the PATH. */
  async tool(name: string, folder = "tools"): Promise<void> {
    const found = execFileSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    await symlink(found, this.path(`${folder}/${name}`));
  }

  async script(name: string, content: string): Promise<void> {
    await writeFile(this.path(name), content);
    await chmod(this.path(name), 0o755);
  }

  /** Lets the platform give this token. */
  gives(token: string, expiresAt: Date): void {
    this.answer = { status: 200, body: JSON.stringify({ token, expires_at: expiresAt.toISOString() }) };
  }

  /** The lines of the kept token: its end, and itself. */
  async cached(): Promise<string[]> {
    return (await readFile(this.path("configs/.github-token"), "utf8")).split("\n");
  }

  async run(
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
    stdin = "",
  ): Promise<ScriptResult> {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      env: {
        PATH: this.path("tools"),
        WORKSPACE_ID,
        PLATFORM_URL: this.url,
        WORKSPACE_CONFIG_PATH: this.path("configs"),
        ...env,
      },
    });
    // A script that does not read its stdin closes the pipe early; that is not a fault of the test.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      child.exitCode ?? once(child, "close"),
    ]);
    return { code: child.exitCode, stdout, stderr };
  }

  async dispose(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
    await rm(this.dir, { recursive: true });
  }
}

/** Gives each test of a suite a new workspace. */
export function useWorkspace(): () => ScriptWorkspace {
  let workspace: ScriptWorkspace | undefined;
  beforeEach(async () => {
    workspace = await ScriptWorkspace.create();
  });
  afterEach(async () => {
    await workspace?.dispose();
    workspace = undefined;
  });
  return () => {
    if (workspace === undefined) throw new Error("the workspace is there during tests only");
    return workspace;
  };
}
