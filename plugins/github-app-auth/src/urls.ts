import type { Fault } from "@molecule/core";

/** Where GitHub is, for programs and for people. No trailing slashes. */
export interface GithubUrls {
  /** Of the REST API: `https://api.github.com`, or `https://<host>/api/v3` of an Enterprise Server. */
  readonly apiUrl: string;
  /** Of repositories and pages: `https://github.com`. */
  readonly serverUrl: string;
}

const DEFAULT_API_URL = "https://api.github.com";
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const ALLOWED = "an https URL without user, query and fragment (http on this machine's loopback only)";

/** Reads `GITHUB_API_URL` and `GITHUB_SERVER_URL`; puts what is wrong with them into `faults`. */
export function readUrls(
  env: Readonly<Record<string, string | undefined>>,
  faults: Fault[],
): GithubUrls | undefined {
  const api = readUrl("GITHUB_API_URL", env.GITHUB_API_URL, faults) ?? new URL(DEFAULT_API_URL);
  const server = readUrl("GITHUB_SERVER_URL", env.GITHUB_SERVER_URL, faults);
  return {
    apiUrl: withoutSlash(api),
    serverUrl: server === undefined ? serverOf(api) : withoutSlash(server),
  };
}

/** Whether tokens for this server are what the GitHub CLI takes from `GH_TOKEN` and not `GH_ENTERPRISE_TOKEN`. */
export function isGithubCloud(serverUrl: string): boolean {
  const { host } = new URL(serverUrl);
  return host === "github.com" || host.endsWith(".ghe.com");
}

function readUrl(variable: string, value: string | undefined, faults: Fault[]): URL | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  const url = URL.canParse(value.trim()) ? new URL(value.trim()) : null;
  if (url !== null && url.username + url.password !== "") {
    faults.push({ path: variable, found: "a URL with a user or a password", allowed: ALLOWED });
    return undefined;
  }
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (url !== null && isSafe && url.search + url.hash === "") return url;
  faults.push({ path: variable, found: JSON.stringify(value), allowed: ALLOWED });
  return undefined;
}

/** The API of github.com and of ghe.com has a host of its own; that of an Enterprise Server is below its pages. */
function serverOf(api: URL): string {
  const host = /^api\.(github\.com|[^.]+\.ghe\.com)$/.exec(api.host)?.[1];
  return host === undefined ? api.origin : `https://${host}`;
}

function withoutSlash(url: URL): string {
  return url.href.replace(/\/+$/, "");
}
