import { isCodedError, messageOf, type ChainResult } from "../../src/index.js";
import type { ConformanceBench } from "./bench.js";

/** Something that a plugin caused to be said, and where. */
export interface SaidText {
  readonly where: string;
  readonly text: string;
}

/** All that could be seen of a plugin's run: its log, its errors with their details and causes, the boot report. */
export function textsOf(bench: ConformanceBench, result: ChainResult): SaidText[] {
  const { error } = bench.status;
  return [
    ...bench.log.lines.map(({ level, message, fields }) => ({
      where: `a log line (${level})`,
      text: `${message} ${toText(fields)}`,
    })),
    ...bench.kernel.report
      .entries()
      .filter(({ detail }) => detail !== undefined)
      .map(({ name, detail = "" }) => ({ where: `the boot report on ${name}`, text: detail })),
    ...(error === null ? [] : [{ where: `the error ${error.code}`, text: error.message }]),
    ...(result.ok ? [] : textsOfError(result.error)),
  ];
}

/** Longest chain of causes that is followed; a cause may be its own. */
const MAX_CAUSES = 10;

function textsOfError(error: unknown): SaidText[] {
  const texts: SaidText[] = [];
  let at = error;
  for (let depth = 0; depth < MAX_CAUSES && at !== undefined; depth += 1) {
    const where = depth === 0 ? "its error" : "the cause of its error";
    texts.push({ where, text: isCodedError(at) ? `${at.message} ${toText(at.details)}` : messageOf(at) });
    at = at instanceof Error ? at.cause : undefined;
  }
  return texts;
}

/** JSON, with errors among the fields as their messages; what has no JSON is told as text. */
function toText(fields: unknown): string {
  try {
    const text: unknown = JSON.stringify(fields, (_, value: unknown) =>
      value instanceof Error ? messageOf(value) : value,
    );
    return typeof text === "string" ? text : "";
  } catch {
    return String(fields);
  }
}
