import { createHash } from "node:crypto";
import { imageErrors } from "../../errors/images.js";
import type { Authenticator } from "./authenticator.js";
import { isIndex, MANIFEST_TYPES, platformDigestIn, type Platform } from "./manifest.js";
import type { PatientHttp, RegistryAnswer } from "./patient-http.js";
import { registryOrigin, type ImageReference } from "./reference.js";

/** Bytes of a manifest that are taken: what registries must accept at least (OCI distribution spec). */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** What a registry has under a reference. */
export interface Observation {
  /** Of the manifest or index, `sha256:…`. */
  readonly digest: string;
  /** By which the next look can ask whether it has changed; null where the registry gives none. */
  readonly etag: string | null;
}

/** What was seen at an earlier look. */
export interface Seen {
  readonly digest: string;
  readonly etag: string | null;
}

/** Reads manifests of OCI registries. */
export class RegistryClient {
  readonly #http: PatientHttp;
  readonly #authenticator: Authenticator;

  constructor(services: { readonly http: PatientHttp; readonly authenticator: Authenticator }) {
    this.#http = services.http;
    this.#authenticator = services.authenticator;
  }

  /**
   * What the registry has now; one HEAD, where the registry takes that.
   * @throws IMAGE_NOT_IN_REGISTRY, IMAGE_MANIFEST_UNUSABLE, REGISTRY_REFUSED, REGISTRY_ACCESS_DENIED,
   *   REGISTRY_UNREACHABLE, REGISTRY_RATE_LIMITED; the reason of `signal`
   */
  async observe(reference: ImageReference, seen: Seen | null, signal: AbortSignal): Promise<Observation> {
    const etag = seen?.etag ?? null;
    const known: Record<string, string> = etag === null ? {} : { "If-None-Match": etag };
    const head = await this.#ask("HEAD", reference, known, signal);
    if (head.status === 304 && seen !== null) return seen;
    const digest = digestHeader(head);
    if (head.status === 200 && digest !== null) return { digest, etag: head.headers.get("etag") };
    // Some proxies refuse HEAD, some registries answer it without a digest.
    if (![200, 405, 501].includes(head.status)) throw refusal(reference, head);
    const got = await this.#ask("GET", reference, known, signal);
    if (got.status === 304 && seen !== null) return seen;
    return { digest: digestOf(reference, got), etag: got.headers.get("etag") };
  }

  /**
   * The digest of the image that a machine of `platform` runs: that of the manifest itself, or of the one in an index.
   * @throws as {@link observe}, and IMAGE_PLATFORM_MISSING
   */
  async platformDigest(
    reference: ImageReference,
    digest: string,
    platform: Platform,
    signal: AbortSignal,
  ): Promise<string> {
    const pinned = { ...reference, digest };
    const got = await this.#ask("GET", pinned, {}, signal);
    if (digestOf(pinned, got) !== digest) {
      throw unusable(pinned, "what the registry sends for the digest has another one");
    }
    const manifest = parse(pinned, got);
    return isIndex(manifest) ? platformDigestIn(manifest, platform, textOf(reference)) : digest;
  }

  async #ask(
    method: "GET" | "HEAD",
    reference: ImageReference,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    const { registry, repository, digest, tag } = reference;
    const url = new URL(`/v2/${repository}/manifests/${digest ?? tag ?? ""}`, registryOrigin(registry));
    const send = (authorization: string | null) =>
      this.#http.send(
        url,
        {
          method,
          headers: {
            Accept: MANIFEST_TYPES.join(", "),
            ...headers,
            ...(authorization === null ? {} : { Authorization: authorization }),
          },
          maxBytes: MAX_MANIFEST_BYTES,
          redirect: "follow",
        },
        signal,
      );
    let answer = await send(await this.#authenticator.authorization(reference, signal));
    // Twice: a token that was good may be over, and its renewal then meets another token service.
    for (let asked = 0; answer.status === 401 && asked < 2; asked += 1) {
      answer = await send(await this.#authenticator.answer(reference, answer.headers, signal));
    }
    return answer;
  }
}

function digestHeader({ headers }: RegistryAnswer): string | null {
  const digest = headers.get("docker-content-digest") ?? "";
  return /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : null;
}

/** The digest of what was sent, which counts more than what a header says of it. */
function digestOf(reference: ImageReference, answer: RegistryAnswer): string {
  if (answer.status !== 200) throw refusal(reference, answer);
  if (answer.body === null) throw unusable(reference, `it is longer than ${MAX_MANIFEST_BYTES} bytes`);
  return `sha256:${createHash("sha256").update(answer.body).digest("hex")}`;
}

function parse(reference: ImageReference, { body }: RegistryAnswer): unknown {
  try {
    return JSON.parse(body?.toString("utf8") ?? "");
  } catch {
    throw unusable(reference, "it is not JSON");
  }
}

function refusal(reference: ImageReference, { status, body }: RegistryAnswer): Error {
  const text = textOf(reference);
  if (status === 404) return imageErrors.IMAGE_NOT_IN_REGISTRY({ reference: text });
  if (status === 401 || status === 403) {
    const reason = `it answers ${status} to what it was given`;
    return imageErrors.REGISTRY_ACCESS_DENIED({ reference: text, reason });
  }
  const said = body?.toString("utf8").replace(/\s+/g, " ").slice(0, 200) ?? "";
  return imageErrors.REGISTRY_REFUSED({ reference: text, status, reason: said || "it does not say why" });
}

function unusable(reference: ImageReference, reason: string): Error {
  return imageErrors.IMAGE_MANIFEST_UNUSABLE({ reference: textOf(reference), reason });
}

function textOf({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;
}
