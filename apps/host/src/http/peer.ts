import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";

/**
 * The address of the TCP peer, an IPv4-mapped IPv6 address as IPv4; empty once the connection is gone. Headers that
 * tell of a client behind a proxy are not believed: anyone can send them.
 */
export function peerAddress(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? "";
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

/** Whether the TCP peer is this machine itself; a container on a bridge is not. */
export function isLoopbackPeer(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? "";
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback";
}

/** The token of `Authorization: Bearer <token>` (RFC 6750 §2.1), or undefined when there is none. */
export function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}
