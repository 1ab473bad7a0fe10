/** A route whose answer is a secret by contract: nobody could use it otherwise. */
interface HandingOut {
  readonly method: string;
  readonly path: RegExp;
  /** The fields of the answer that hold secrets; `*`: each of them. */
  readonly fields: readonly string[];
  readonly reason: string;
}

/**
 * The only answers that may hold secrets, and only in these fields; the rest of such an answer is looked at as any
 * other. A secret that was handed out is looked for in all other outputs.
 */
export const HANDING_OUT: readonly HandingOut[] = [
  {
    method: "POST",
    path: /^\/workspaces$/,
    fields: ["auth_token"],
    reason: "an external agent's operator is told its token once, with the command that uses it",
  },
  {
    method: "POST",
    path: /^\/registry\/register$/,
    fields: ["auth_token"],
    reason: "in development a workspace without a token gets its first one when it registers",
  },
  { method: "POST", path: /^\/org\/tokens$/, fields: ["auth_token"], reason: "a new token is shown once" },
  {
    method: "POST",
    path: /^\/workspaces\/[^/]+\/tokens$/,
    fields: ["auth_token"],
    reason: "a new token is shown once",
  },
  {
    method: "GET",
    path: /^\/admin\/workspaces\/[^/]+\/test-token$/,
    fields: ["auth_token"],
    reason: "it makes a token for tests; 404 unless it was turned on",
  },
  {
    method: "GET",
    path: /^\/workspaces\/[^/]+\/secrets\/values$/,
    fields: ["*"],
    reason: "an agent reads its own secrets, with its own token only",
  },
  {
    method: "GET",
    path: /^\/(?:admin|workspaces\/[^/]+)\/github-installation-token$/,
    fields: ["token"],
    reason: "git and gh in a workspace ask for a fresh token",
  },
];

/** An answer without the secrets that it may hold. */
export interface Handed {
  readonly text: string;
  readonly secrets: readonly string[];
}

/** Takes the secrets out of a JSON answer of a route which hands them out; those of any other stay where they are. */
export function takeHandedOut(method: string, path: string, answer: unknown): Handed {
  const route = HANDING_OUT.find((each) => each.method === method && each.path.test(path));
  const secrets: string[] = [];
  if (route !== undefined) {
    JSON.stringify(answer, (key, value: unknown) => {
      const isOne = typeof value === "string" && value !== "";
      if (isOne && (route.fields.includes(key) || route.fields.includes("*"))) secrets.push(value);
      return value;
    });
  }
  // Also where it stands once more, as in the command that uses it.
  const without = (text: string) =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, "<handed out>"), text);
  const text = JSON.stringify(answer, (_key, value: unknown) =>
    typeof value === "string" ? without(value) : value,
  );
  return { text, secrets };
}
