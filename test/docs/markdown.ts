import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Absolute path of something in the repository. */
export function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

/** A fenced block of code. */
export interface CodeBlock {
  /** `ts`, `json`, … */
  readonly language: string;
  /** What stands behind the language: the file that the block is; empty where there is none. */
  readonly file: string;
  readonly code: string;
}

/** The fenced blocks of a page, in order. */
export async function codeBlocks(page: string): Promise<CodeBlock[]> {
  const text = await readFile(inRepository(page), "utf8");
  return [...text.matchAll(/^```(\w+)(?: +(\S+))?\n(.*?)^```$/gms)].map(
    ([, language = "", file = "", code = ""]) => ({ language, file, code }),
  );
}
