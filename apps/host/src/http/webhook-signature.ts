import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * Whether a webhook's body was signed with the secret: `sha256=<HMAC-SHA256 in hex>`, as GitHub sends it in
 * `X-Hub-Signature-256`. Compares hashes, in constant time whatever the header's length.
 */
export function isSignedWith(secret: string, body: Uint8Array, signature: string | undefined): boolean {
  const expected = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return timingSafeEqual(hashOf(signature ?? ""), hashOf(expected));
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
