import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Clients } from "./clients.js";
import type { HttpConfig } from "./dependencies.js";
import type { Origins } from "./origins.js";
import { isSignedWith } from "./webhook-signature.js";

/** Says who is an administrator and who is let in without any token; api.md §2. */
export class Access {
  readonly #origins: Origins;
  readonly #clients: Clients;
  readonly #isDevelopment: boolean;
  readonly #isOpen: boolean;
  readonly #testTokens: boolean;
  readonly #adminHash: Buffer | null;
  readonly #metricsHash: Buffer | null;
  readonly #webhookSecret: string | null;

  constructor(config: HttpConfig, origins: Origins) {
    this.#origins = origins;
    this.#clients = new Clients(config.trustedProxies);
    this.#isDevelopment = config.environment === "development";
    this.#isOpen = this.#isDevelopment && config.adminToken === null;
    this.#testTokens = config.testTokens;
    const adminToken = config.adminToken ?? config.generatedAdminToken;
    this.#adminHash = adminToken === null ? null : hashOf(adminToken);
    this.#webhookSecret = config.webhookSecret;
    this.#metricsHash = config.metricsToken === null ? null : hashOf(config.metricsToken);
  }

  /** *Dev*: development, `ADMIN_TOKEN` unset, and the caller is a program or a trusted page of this very machine. */
  isDev(request: IncomingMessage): boolean {
    return this.#isOpen && this.#clients.isLocal(request) && this.#origins.isAddressedLocally(request);
  }

  /** Whether tokens of workspaces may be had for tests: in Dev, and where that was switched on. */
  givesTestTokens(request: IncomingMessage): boolean {
    return this.#testTokens || this.isDev(request);
  }

  /** Callers that no rate limit holds for. */
  isUnlimited(request: IncomingMessage): boolean {
    return this.#isDevelopment && this.#clients.isLocal(request);
  }

  /** Whom the rate limit counts this request for. */
  clientOf(request: IncomingMessage): string {
    return this.#clients.addressOf(request);
  }

  /** Whether this is the admin token. Compares hashes, in constant time. */
  isAdminToken(token: string): boolean {
    return this.#adminHash !== null && timingSafeEqual(hashOf(token), this.#adminHash);
  }

  /** Whether there is a secret of webhooks. */
  get takesWebhooks(): boolean {
    return this.#webhookSecret !== null;
  }

  /** Whether a webhook is signed with the secret; none is where there is no secret. */
  isSigned(request: IncomingMessage, body: Uint8Array): boolean {
    if (this.#webhookSecret === null) return false;
    const signature = request.headers["x-hub-signature-256"];
    return isSignedWith(this.#webhookSecret, body, typeof signature === "string" ? signature : undefined);
  }

  /** Whether the metrics may be read with this token, or with none. Compares hashes, in constant time. */
  mayReadMetrics(token: string | undefined): boolean {
    if (this.#metricsHash === null) return true;
    return token !== undefined && timingSafeEqual(hashOf(token), this.#metricsHash);
  }
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
