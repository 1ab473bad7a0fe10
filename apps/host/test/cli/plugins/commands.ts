import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { isCodedError } from "@molecule/core";
import { Command } from "commander";
import { registerPluginCommands } from "../../../dist/cli/plugins/register.js";

/** What a command said, and how it ended. */
export interface CommandResult {
  readonly output: string;
  /** Code and message of what it threw; null when it went well. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A folder to call `molecule plugins` in. */
export class CommandFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<CommandFolder> {
    return new CommandFolder(await mkdtemp(join(tmpdir(), "molecule-cli-")));
  }

  async write(path: string, content: string | object): Promise<string> {
    const file = join(this.path, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content, null, 2));
    return file;
  }

  async read(path: string): Promise<string> {
    return await readFile(join(this.path, path), "utf8");
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true });
  }

  /** Runs `molecule plugins <args>` in the folder. */
  async plugins(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
    const output = new PassThrough();
    const chunks: string[] = [];
    output.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
    const program = new Command("molecule").exitOverride();
    registerPluginCommands(program, { env, cwd: this.path, output, errorOutput: output });
    let error: CommandResult["error"] = null;
    try {
      await program.parseAsync(["plugins", ...args], { from: "user" });
    } catch (thrown) {
      if (!isCodedError(thrown)) throw thrown;
      error = { code: thrown.code, message: thrown.message };
    }
    return { output: chunks.join(""), error };
  }
}

/** A plugin's module that needs nothing of core, with further properties and code. */
export function pluginModule(name: string, properties = "", code = ""): string {
  return `${code}
export default { $$type: "@molecule/plugin", name: ${JSON.stringify(name)}, api: 1, stage: "main",
  setup() { throw new Error("setup ran"); }, ${properties} };`;
}

/** A manifest's text with these plugins. */
export function manifestOf(...plugins: readonly object[]): object {
  return { version: 1, plugins, workspace_templates: [] };
}

/** A plugin of stage `env` whose boot task sets a variable, as one that reads `.env` does. */
export function fillerModule(name: string, variable: string, value: string): string {
  return pluginModule(
    name,
    `stage: "env", setup(ctx) {
      ctx.bootTasks.add({ name: "${name}", stage: "env", run({ env }) { env.${variable} = "${value}"; } });
    },`,
  );
}
