import { SecretMasker } from "@molecule/core";
import type { Environment } from "../../config/variables.js";
import type { CheckResult } from "./check.js";

const MARKS = { ok: "✓", warn: "!", fail: "✗" } as const;

/** Names of variables whose values are secret. */
const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSPHRASE|PRIVATE|CREDENTIAL|API_?KEY|_KEY$/i;

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

/** Takes the secrets of an environment out of a text: what was found may quote them. */
export function maskerOf(env: Environment): SecretMasker {
  const masker = new SecretMasker();
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && SECRET_NAME.test(name)) masker.add(value);
  }
  const password = passwordOf(env.DATABASE_URL);
  if (password !== "") masker.add(password);
  return masker;
}

function passwordOf(url: string | undefined): string {
  if (url === undefined || !URL.canParse(url)) return "";
  const { password } = new URL(url);
  try {
    return decodeURIComponent(password);
  } catch {
    // A % that encodes nothing: told as a fault elsewhere, and as written it is the secret.
    return password;
  }
}
