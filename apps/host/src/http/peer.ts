import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";

/**
 * The address of the TCP peer, an IPv4-mapped IPv6 address as IPv4; empty once the connection is gone.
 */
export function peerAddress(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? "";
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

/** The token of `Authorization: Bearer <token>` (RFC 6750 §2.1), or undefined when there is none. */
export function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}
