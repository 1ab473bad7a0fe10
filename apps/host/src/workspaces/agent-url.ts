import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { messageOf } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";

/** Resolves a host name to its addresses. */
export type Resolver = (hostname: string) => Promise<readonly string[]>;

/** The machine's resolver. */
export const systemResolver: Resolver = async (hostname) =>
  (await lookup(hostname, { all: true })).map((each) => each.address);

/** Ranges of ipaddr.js that a public agent can have. */
const OUTWARD = "unicast";
/** Ranges that only the workspace's own container may have. */
const PRIVATE: readonly string[] = ["private", "uniqueLocal"];

/**
 * Keeps agents from giving an address that points at this machine or into its networks: the platform and the
 * canvas call that address later (server-side request forgery, OWASP A10:2021).
 */
export class AgentUrlGuard {
  readonly #resolve: Resolver;

  constructor(resolver: Resolver) {
    this.#resolve = resolver;
  }

  /**
   * @param options.ownContainer whether the agent is one that this platform started, which may have a private address
   * @throws AGENT_URL_REFUSED
   */
  async assertAllowed(url: string, options: { ownContainer: boolean }): Promise<void> {
    const refuse = (reason: string) => workspaceErrors.AGENT_URL_REFUSED({ url, reason });
    if (!URL.canParse(url)) throw refuse("it is no URL; give http:// or https:// and a host");
    const { protocol, hostname, username, password } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") throw refuse("only http and https are allowed");
    if (username !== "" || password !== "") throw refuse("it must not carry a user name or password");
    if (hostname === "localhost") return;
    for (const address of await this.#addresses(hostname, refuse)) {
      const range = rangeOf(address);
      if (range === OUTWARD || (options.ownContainer && PRIVATE.includes(range))) continue;
      throw refuse(`${hostname} is a ${range} address; give one that is reachable from outside`);
    }
  }

  async #addresses(hostname: string, refuse: (reason: string) => Error): Promise<readonly string[]> {
    const literal = hostname.replace(/^\[|\]$/g, "");
    if (ipaddr.isValid(literal)) return [literal];
    try {
      return await this.#resolve(hostname);
    } catch (error) {
      throw refuse(`${hostname} can't be resolved: ${messageOf(error)}`);
    }
  }
}

/** The range of an address by the IANA registries; an IPv6 address that carries an IPv4 one counts as that. */
function rangeOf(address: string): string {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv6") {
    const embedded = embeddedIpv4(parsed.toByteArray(), parsed.range());
    if (embedded !== null) return rangeOf(embedded);
  }
  return parsed.range();
}

/** The IPv4 address inside a NAT64 (RFC 6052) or 6to4 (RFC 3056) one, or null. */
function embeddedIpv4(bytes: readonly number[], range: string): string | null {
  if (range === "rfc6052") return bytes.slice(12).join(".");
  return range === "6to4" ? bytes.slice(2, 6).join(".") : null;
}
