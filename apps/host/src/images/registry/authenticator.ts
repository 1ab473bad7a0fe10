import { compileSchema, Type, type Clock } from "@molecule/core";
import { imageErrors } from "../../errors/images.js";
import { parseChallenges, type Challenge } from "./challenge.js";
import type { Credentials, RegistryCredentials } from "./credentials.js";
import type { PatientHttp, RegistryRequest } from "./patient-http.js";
import { registryOrigin, repositoryOf, type ImageReference } from "./reference.js";
import { isReachableRealm, isTrustedRealm } from "./trusted-realm.js";

/** Bytes of a token service's answer that are taken; tokens have a few KiB. */
const MAX_TOKEN_BYTES = 65_536;
/** Seconds that a token is good for when its service does not say (distribution spec, "Token Authentication"). */
const DEFAULT_LIFETIME_S = 60;
/** A token is renewed this many ms before its end, or after three quarters of a short life. */
const RENEWAL_MARGIN_MS = 30_000;

const TokenAnswer = Type.Object({
  token: Type.Optional(Type.String()),
  access_token: Type.Optional(Type.String()),
  expires_in: Type.Optional(Type.Number()),
});
const checkTokenAnswer = compileSchema(TokenAnswer);

interface Grant {
  readonly header: string;
  /** On the monotonic clock, ms. */
  readonly goodUntil: number;
}

/** How one repository is got into. */
interface Entry {
  challenge: Challenge;
  grant: Promise<Grant>;
  /** Null while it is being fetched. */
  goodUntil: number | null;
}

/** What authentication is made from. */
export interface AuthenticatorServices {
  readonly http: PatientHttp;
  readonly credentials: RegistryCredentials;
  readonly clock: Clock;
}

/**
 * Answers registries that ask who is there. Remembers for each repository how it was asked, and the token, so that the
 * next request is right at once.
 */
export class Authenticator {
  readonly #services: AuthenticatorServices;
  readonly #entries = new Map<string, Entry>();

  constructor(services: AuthenticatorServices) {
    this.#services = services;
  }

  /**
   * The `Authorization` to send with a request; null where none was ever asked for.
   * @throws REGISTRY_ACCESS_DENIED, and those of {@link PatientHttp.send}
   */
  async authorization(reference: ImageReference, signal: AbortSignal): Promise<string | null> {
    const entry = this.#entries.get(repositoryOf(reference));
    if (entry === undefined) return null;
    const isOver = entry.goodUntil !== null && entry.goodUntil <= this.#services.clock.monotonic();
    return (await (isOver ? this.#begin(reference, entry.challenge, signal) : entry.grant)).header;
  }

  /**
   * The `Authorization` that answers a 401.
   * @throws REGISTRY_ACCESS_DENIED when there is no answer, and those of {@link PatientHttp.send}
   */
  async answer(reference: ImageReference, headers: Headers, signal: AbortSignal): Promise<string> {
    const challenges = parseChallenges(headers.get("www-authenticate") ?? "");
    const challenge =
      challenges.find(({ scheme, params }) => scheme === "bearer" && params.has("realm")) ??
      challenges.find(({ scheme }) => scheme === "basic");
    if (challenge === undefined) {
      const asked = challenges.map(({ scheme }) => scheme).join(", ") || "none";
      throw denied(reference, `it asks for a way to log in that is not known here: ${asked}`);
    }
    return (await this.#begin(reference, challenge, signal)).header;
  }

  #begin(reference: ImageReference, challenge: Challenge, signal: AbortSignal): Promise<Grant> {
    const key = repositoryOf(reference);
    const grant = this.#grant(reference, challenge, signal);
    const entry: Entry = { challenge, grant, goodUntil: null };
    this.#entries.set(key, entry);
    grant.then(
      ({ goodUntil }) => (entry.goodUntil = goodUntil),
      () => {
        // The next request starts anew, without a token.
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    return grant;
  }

  async #grant(reference: ImageReference, challenge: Challenge, signal: AbortSignal): Promise<Grant> {
    const credentials = await this.#services.credentials.find(reference.registry);
    if (challenge.scheme === "bearer") return this.#token(reference, challenge, credentials, signal);
    if (credentials?.kind !== "password") throw denied(reference, "it asks for a user and a password");
    return { header: basic(credentials), goodUntil: Infinity };
  }

  async #token(
    reference: ImageReference,
    { params }: Challenge,
    credentials: Credentials | null,
    signal: AbortSignal,
  ): Promise<Grant> {
    const { http, clock } = this.#services;
    const origin = new URL(registryOrigin(reference.registry));
    const text = params.get("realm") ?? "";
    const realm = URL.canParse(text) ? new URL(text) : null;
    if (realm === null || !isReachableRealm(realm, origin)) {
      throw denied(reference, `its token service ${JSON.stringify(text.slice(0, 200))} has no https address`);
    }
    const known = isTrustedRealm(realm, origin) ? credentials : null;
    const scope = params.get("scope") ?? `repository:${reference.repository}:pull`;
    const { url, request } = tokenRequest(realm, { service: params.get("service"), scope }, known);
    const asked = clock.monotonic();
    const { status, body } = await http.send(url, request, signal);
    if (status !== 200) throw denied(reference, refusedBy(realm, status, credentials, known));
    const { token, lifetimeMs } = readToken(body?.toString("utf8") ?? "") ?? {};
    if (token === undefined || lifetimeMs === undefined) {
      throw denied(reference, `its token service ${realm.host} answers without a token`);
    }
    return {
      header: `Bearer ${token}`,
      goodUntil: asked + lifetimeMs - Math.min(RENEWAL_MARGIN_MS, lifetimeMs / 4),
    };
  }
}

/** Asks with GET, as distribution's token specification says; with an identity token with POST, as its OAuth2 one. */
function tokenRequest(
  realm: URL,
  { service, scope }: { readonly service: string | undefined; readonly scope: string },
  credentials: Credentials | null,
): { readonly url: URL; readonly request: RegistryRequest } {
  const common = { maxBytes: MAX_TOKEN_BYTES, redirect: "error" } as const;
  const fields = new URLSearchParams({ ...(service === undefined ? {} : { service }), scope });
  if (credentials?.kind === "identity") {
    fields.set("grant_type", "refresh_token");
    fields.set("client_id", "molecule");
    fields.set("refresh_token", credentials.token);
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    return { url: realm, request: { ...common, method: "POST", headers, body: fields.toString() } };
  }
  const url = new URL(realm);
  for (const [name, value] of fields) url.searchParams.set(name, value);
  const headers = credentials === null ? {} : { Authorization: basic(credentials) };
  return { url, request: { ...common, method: "GET", headers } };
}

function readToken(text: string): { readonly token: string; readonly lifetimeMs: number } | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const checked = checkTokenAnswer(parsed);
  if (!checked.ok) return null;
  const { token, access_token, expires_in = DEFAULT_LIFETIME_S } = checked.value;
  const found = token ?? access_token ?? "";
  // What is no token68 (RFC 6750, section 2.1) would not fit into the header.
  return /^[\w\-.~+/]+=*$/.test(found) ? { token: found, lifetimeMs: Math.max(1, expires_in) * 1_000 } : null;
}

function refusedBy(realm: URL, status: number, found: Credentials | null, sent: Credentials | null): string {
  const answer = `its token service ${realm.host} answers ${status}`;
  if (sent !== null) return `${answer} to the credentials`;
  return found === null ? answer : `${answer}, and is a foreign host that gets no credentials`;
}

function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function denied(reference: ImageReference, reason: string): Error {
  return imageErrors.REGISTRY_ACCESS_DENIED({ reference: repositoryOf(reference), reason });
}
