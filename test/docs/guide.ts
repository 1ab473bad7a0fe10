import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tryRun, widePath, type RunResult } from "../support/commands.js";
import { tempDir } from "../support/temp.js";
import { inRepository, type CodeBlock } from "./markdown.js";

const TSCONFIG = {
  compilerOptions: {
    target: "ES2023",
    module: "NodeNext",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    types: ["node", "mocha"],
  },
  include: ["src", "test"],
};

/** Ms for the compiler and for the guide's tests. */
const TIMEOUT_MS = 120_000;

/** The guide's blocks as files in a folder of their own, where `@molecule/core` is installed. */
export class GuideFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(blocks: readonly CodeBlock[]): Promise<GuideFolder> {
    const path = await tempDir("mguide-");
    await symlink(inRepository("node_modules"), join(path, "node_modules"));
    await writeFile(join(path, "package.json"), JSON.stringify({ type: "module" }));
    await writeFile(join(path, "tsconfig.json"), JSON.stringify(TSCONFIG));
    for (const { file, code } of blocks) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), code);
    }
    return new GuideFolder(path);
  }

  /** Compiles the TypeScript beside its sources. */
  async compile(): Promise<RunResult> {
    return await this.#run("typescript/bin/tsc", []);
  }

  /** Runs the compiled tests. */
  async test(): Promise<RunResult> {
    return await this.#run("mocha/bin/mocha.js", ["--no-config", "--timeout", "60000", "test/**/*.test.js"]);
  }

  async #run(program: string, args: readonly string[]): Promise<RunResult> {
    const env = { PATH: widePath(), HOME: this.path };
    const script = join(this.path, "node_modules", program);
    return await tryRun(process.execPath, [script, ...args], { cwd: this.path, env, timeoutMs: TIMEOUT_MS });
  }
}
