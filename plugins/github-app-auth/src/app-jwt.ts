import type { KeyObject } from "node:crypto";
import { SignJWT } from "jose";

/** Seconds that the JWT is back-dated: GitHub refuses one that is issued in its future. */
const BACK_DATED_S = 60;
/** Seconds that the JWT is valid, from its issue on; GitHub allows 600. */
const LIFETIME_S = 540;

/**
 * The JSON web token by which an app tells GitHub who it is (GitHub docs, "Generating a JSON Web Token (JWT) for a
 * GitHub App").
 * @param nowMs GitHub's time, ms since the epoch
 */
export function appJwt(appId: string, privateKey: KeyObject, nowMs: number): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000) - BACK_DATED_S;
  return new SignJWT()
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuer(appId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME_S)
    .sign(privateKey);
}
