import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";
import { peerAddress } from "./peer.js";

type Address = ReturnType<typeof ipaddr.process>;
type Network = ReturnType<typeof ipaddr.parseCIDR>;

/**
 * Tells clients from the proxies before them. `X-Forwarded-For` counts only as far as trusted proxies have written
 * it: read from its end, up to the first address that is none of them. What stands before that anyone can have sent.
 */
export class Clients {
  readonly #trusted: readonly Network[];

  /** @param trustedProxies networks in CIDR form */
  constructor(trustedProxies: readonly string[]) {
    this.#trusted = trustedProxies.map((network) => ipaddr.parseCIDR(network));
  }

  /** The client's address, an IPv4-mapped one as IPv4; empty once the connection is gone. */
  addressOf(request: IncomingMessage): string {
    let client = peerAddress(request);
    const hops = [request.headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
    for (const hop of hops.reverse()) {
      if (!this.#isTrusted(client)) break;
      const address = withoutPort(hop.trim());
      if (!ipaddr.isValid(address)) break;
      client = ipaddr.process(address).toString();
    }
    return client;
  }

  /** Whether the request comes from this machine itself, not through a proxy on it. */
  isLocal(request: IncomingMessage): boolean {
    return [peerAddress(request), this.addressOf(request)].every(
      (address) => ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback",
    );
  }

  #isTrusted(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return this.#trusted.some((network) => isWithin(parsed, network));
  }
}

function isWithin(address: Address, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

/** Some proxies add the client's port: `203.0.113.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? hop;
}
