import { fileURLToPath } from "node:url";
import { tryRun, widePath } from "./commands.js";
import { deployment } from "./deployment.js";
import { plantSecretsOf, recordOutput } from "./secret-watch.js";

const PROGRAM = fileURLToPath(new URL("../../../apps/host/dist/cli/main.js", import.meta.url));

/** How one command ended. */
export interface CliResult {
  readonly code: number;
  /** Both of its streams. */
  readonly output: string;
}

/** Runs one `molecule` command to its end, with a minimal environment. */
export async function runMolecule(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<CliResult> {
  const command = `molecule ${args[0] ?? ""}`;
  plantSecretsOf(options.env ?? {}, command);
  const result = await tryRun(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd ?? (await deployment()),
    env: { PATH: widePath(), ...options.env },
    timeoutMs: 300_000,
  });
  const output = result.stdout + result.stderr;
  recordOutput("command", command, output);
  return { code: result.code, output };
}
