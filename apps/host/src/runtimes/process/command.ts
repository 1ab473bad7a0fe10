import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { WorkspaceTemplate } from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";

/**
 * A template's command as absolute program and arguments: parts that start with `./` are relative to the
 * manifest, and `node` is the one that runs the host.
 * @param path the workspace's `PATH`
 * @throws TEMPLATE_INCOMPLETE, COMMAND_NOT_FOUND
 */
export async function resolveCommand(
  template: WorkspaceTemplate,
  manifestDir: string,
  path: string,
): Promise<readonly [program: string, ...args: string[]]> {
  const [first, ...rest] = template.command ?? [];
  if (first === undefined) {
    throw runtimeErrors.TEMPLATE_INCOMPLETE({
      template: template.name,
      field: "command",
      runtime: "process",
    });
  }
  const place = (part: string) => (part.startsWith("./") ? resolve(manifestDir, part) : part);
  const program = await findProgram(place(first), path);
  if (program === undefined) {
    throw runtimeErrors.COMMAND_NOT_FOUND({ template: template.name, program: first });
  }
  return [program, ...rest.map(place)];
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  if (name === "node") return process.execPath;
  const candidates = name.includes("/") ? [name] : path.split(delimiter).map((folder) => join(folder, name));
  for (const candidate of candidates) {
    if (isAbsolute(candidate) && (await isExecutable(candidate))) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
