import type { CheckResult } from "./check.js";

const MARKS = { ok: "✓", warn: "!", fail: "✗" } as const;

/** Each check in one line, its single faults below it. */
export function renderText(results: readonly CheckResult[]): string {
  return results
    .map(({ name, status, finding, hint, details = [] }) =>
      [
        `${MARKS[status]} ${name} — ${finding}${hint === undefined ? "" : `; ${hint}`}`,
        ...details.map((each) => `    ${each}`),
      ].join("\n"),
    )
    .join("\n");
}

/** The results as JSON: `{"ok":bool,"checks":[{"name","status","finding","hint"?,"details"?}]}`. */
export function renderJson(results: readonly CheckResult[]): string {
  const isFine = results.every(({ status }) => status !== "fail");
  return JSON.stringify({ ok: isFine, checks: results }, null, 2);
}
