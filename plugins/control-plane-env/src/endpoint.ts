import { isIP } from "node:net";
import { errors } from "./errors.js";

const PATH = "/cp/tenants/config";

/** What is called, and as whom. */
export interface Endpoint {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Variables that this plugin acts with; without one of them it does nothing. */
const NEEDED = ["MOLECULE_ORG_ID", "ADMIN_TOKEN", "MOLECULE_CP_URL"] as const;

/** The names of the variables that are not set; a blank one counts as unset, as for the host. */
export function missingVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  return NEEDED.filter((name) => (env[name] ?? "").trim() === "");
}

/**
 * Where the tenant's environment is, of variables that are all set.
 * @throws CONTROL_PLANE_URL_INVALID, CONTROL_PLANE_CREDENTIAL_INVALID
 */
export function endpointOf(env: Readonly<Record<string, string | undefined>>): Endpoint {
  const { MOLECULE_ORG_ID: org = "", ADMIN_TOKEN: token = "", MOLECULE_CP_URL: base = "" } = env;
  // Checked here: fetch would quote an invalid header's value in its error.
  for (const [variable, value] of Object.entries({ MOLECULE_ORG_ID: org, ADMIN_TOKEN: token })) {
    if (!/^[\x21-\x7e]+$/.test(value)) throw errors.CONTROL_PLANE_CREDENTIAL_INVALID({ variable });
  }
  const url = URL.canParse(base) ? new URL(base) : null;
  if (url === null || !isTrusted(url) || hasExtras(url)) {
    throw errors.CONTROL_PLANE_URL_INVALID({ found: shown(base) });
  }
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, "")}${PATH}`,
    headers: { Authorization: `Bearer ${token}`, "X-Molecule-Org-Id": org, Accept: "application/json" },
  };
}

/** Whether a token may be sent there: encrypted, or without leaving this machine. */
function isTrusted({ protocol, hostname }: URL): boolean {
  if (protocol === "https:") return true;
  // The URL parser has made every spelling of an IPv4 address the usual one.
  const isLoopback =
    hostname === "localhost" || hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."));
  return protocol === "http:" && isLoopback;
}

function hasExtras({ username, password, search, hash }: URL): boolean {
  return [username, password, search, hash].some((part) => part !== "");
}

/** What was found, without what could be a password. */
function shown(text: string): string {
  return JSON.stringify(
    text
      .replace(/\/\/.*@/s, "//…@")
      .replace(/[?#].*$/s, "…")
      .slice(0, 80),
  );
}
