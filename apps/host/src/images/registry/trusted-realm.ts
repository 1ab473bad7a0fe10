import { getDomain } from "tldts";
import { isLoopback } from "./reference.js";

/**
 * Whether a token service may be asked at all: over TLS, or in the clear between programs of this machine.
 */
export function isReachableRealm(realm: URL, registryOrigin: URL): boolean {
  if (realm.protocol === "https:") return true;
  return realm.protocol === "http:" && isLoopback(realm.host) && isLoopback(registryOrigin.host);
}

/**
 * Whether a registry's credentials may be sent to a token service that its challenge names: to the registry's own host,
 * and to hosts of the same owner. The owner is told by the public suffix list, private suffixes included, so that one
 * customer of a cloud is not taken for another.
 */
export function isTrustedRealm(realm: URL, registryOrigin: URL): boolean {
  if (!isReachableRealm(realm, registryOrigin)) return false;
  if (realm.hostname === registryOrigin.hostname) return true;
  const owner = ownerOf(realm);
  return owner !== null && owner === ownerOf(registryOrigin);
}

function ownerOf(url: URL): string | null {
  return getDomain(url.hostname, { allowPrivateDomains: true });
}
