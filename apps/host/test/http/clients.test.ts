import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect } from "chai";
import { Clients } from "../../dist/http/clients.js";

/** A request from a TCP peer, with an X-Forwarded-For. */
function requestOf(peer: string, forwarded?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: peer });
  const request = new IncomingMessage(socket);
  if (forwarded !== undefined) request.headers["x-forwarded-for"] = forwarded;
  return request;
}

describe("Clients", () => {
  const clients = new Clients(["10.0.0.0/8", "127.0.0.1/32", "2001:db8::/32"]);

  const CASES: readonly (readonly [
    what: string,
    peer: string,
    forwarded: string | undefined,
    client: string,
  ])[] = [
    ["the peer, without the header", "10.0.0.1", undefined, "10.0.0.1"],
    ["the peer that is no trusted proxy, whatever it says", "192.0.2.1", "203.0.113.1", "192.0.2.1"],
    ["whom a trusted proxy names", "10.0.0.1", "203.0.113.1", "203.0.113.1"],
    ["whom a trusted proxy names over IPv6", "2001:db8::1", "2001:db9::5", "2001:db9::5"],
    ["whom a proxy with an IPv4-mapped address names", "::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1"],
    ["not what the client itself has sent before", "10.0.0.1", "198.51.100.9, 203.0.113.1", "203.0.113.1"],
    [
      "the first one before a chain of trusted proxies",
      "10.0.0.1",
      "203.0.113.1, 10.0.0.3, 10.0.0.2",
      "203.0.113.1",
    ],
    ["the outermost of a chain that is all trusted", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    [
      "the last proxy known, when what it names is no address",
      "10.0.0.1",
      "203.0.113.1, unknown, 10.0.0.2",
      "10.0.0.2",
    ],
    ["an address with a port", "10.0.0.1", "203.0.113.1:4711", "203.0.113.1"],
    ["an IPv6 address with a port", "10.0.0.1", "[2001:db9::5]:4711", "2001:db9::5"],
    ["the proxy, when the header is empty", "10.0.0.1", "", "10.0.0.1"],
  ];
  for (const [what, peer, forwarded, client] of CASES) {
    it(`takes for the client ${what}`, () => {
      expect(clients.addressOf(requestOf(peer, forwarded))).to.equal(client);
    });
  }

  it("takes for local what comes from this machine itself, and not through a proxy on it", () => {
    expect(clients.isLocal(requestOf("127.0.0.1"))).to.equal(true);
    expect(clients.isLocal(requestOf("127.0.0.1", "127.0.0.1"))).to.equal(true);
    expect(clients.isLocal(requestOf("127.0.0.1", "203.0.113.1"))).to.equal(false);
    expect(clients.isLocal(requestOf("10.0.0.1", "127.0.0.1"))).to.equal(false);
    expect(clients.isLocal(requestOf("::1", "203.0.113.1"))).to.equal(true);
  });
});
