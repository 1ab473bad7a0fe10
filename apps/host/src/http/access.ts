import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Clients } from "./clients.js";
import type { HttpConfig } from "./dependencies.js";
import type { Origins } from "./origins.js";

/** Says who is an administrator and who is let in without any token; api.md §2. */
export class Access {
  readonly #origins: Origins;
  readonly #clients: Clients;
  readonly #isDevelopment: boolean;
  readonly #isOpen: boolean;
  readonly #adminHash: Buffer | null;
  readonly #metricsHash: Buffer | null;

  constructor(config: HttpConfig, origins: Origins) {
    this.#origins = origins;
    this.#clients = new Clients(config.trustedProxies);
    this.#isDevelopment = config.environment === "development";
    this.#isOpen = this.#isDevelopment && config.adminToken === null;
    const adminToken = config.adminToken ?? config.generatedAdminToken;
    this.#adminHash = adminToken === null ? null : hashOf(adminToken);
    this.#metricsHash = config.metricsToken === null ? null : hashOf(config.metricsToken);
  }

  /** *Dev*: development, `ADMIN_TOKEN` unset, and the caller is a program or a trusted page of this very machine. */
  isDev(request: IncomingMessage): boolean {
    return this.#isOpen && this.#clients.isLocal(request) && this.#origins.isAddressedLocally(request);
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

  /** Whether the metrics may be read with this token, or with none. Compares hashes, in constant time. */
  mayReadMetrics(token: string | undefined): boolean {
    if (this.#metricsHash === null) return true;
    return token !== undefined && timingSafeEqual(hashOf(token), this.#metricsHash);
  }
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
