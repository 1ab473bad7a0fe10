import { resolve } from "node:path";
import type { VariableReader } from "./variables.js";

/** What relative paths in variables are relative to. */
export interface PathContext {
  readonly cwd: string;
  /** What default paths are relative to; `cwd` unless told. */
  readonly home?: string;
  /** What plugins of stage `env` have set: relative paths in it are relative to `dir`, the manifest's folder. */
  readonly filled?: { readonly names: Pick<ReadonlyMap<string, unknown>, "has">; readonly dir: string };
}

/** The path that a variable gives, made absolute; undefined when unset. */
export function readPath(
  read: VariableReader,
  name: string,
  { cwd, filled }: PathContext,
): string | undefined {
  const text = read.text(name);
  return text === undefined ? undefined : resolve(filled?.names.has(name) === true ? filled.dir : cwd, text);
}
