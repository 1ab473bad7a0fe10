import type { IncomingMessage } from "node:http";

/** Decides which pages may call the platform. */
export class Origins {
  readonly #listed: ReadonlySet<string>;
  readonly #listedHosts: ReadonlySet<string>;

  /** @param listed `CORS_ORIGINS` */
  constructor(listed: readonly string[]) {
    this.#listed = new Set(listed);
    this.#listedHosts = new Set(listed.map((origin) => new URL(origin).hostname));
  }

  /** Whether `origin` is one of `CORS_ORIGINS`. */
  isListed(origin: string | undefined): boolean {
    return origin !== undefined && this.#listed.has(origin);
  }

  /** Whether the request comes from no page, from a listed origin, or from a page that this host served itself. */
  allows(request: IncomingMessage): boolean {
    const { origin } = request.headers;
    return origin === undefined || this.#listed.has(origin) || isOwnOrigin(origin, request.headers.host);
  }

  /**
   * Whether the request was addressed to a name that no stranger can have pointed at this machine: an address, a
   * `localhost` name (RFC 6761 §6.3), or the host of a listed origin. A page of `evil.example` whose name resolves to
   * 127.0.0.1 (DNS rebinding) comes from loopback and is same-origin; only its `Host` gives it away.
   */
  isAddressedLocally(request: IncomingMessage): boolean {
    const { host } = request.headers;
    if (host === undefined) return true;
    if (!URL.canParse(`http://${host}`)) return false;
    const { hostname } = new URL(`http://${host}`);
    return (
      hostname === "localhost" ||
      hostname.endsWith(".localhost") ||
      /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/.test(hostname) ||
      this.#listedHosts.has(hostname)
    );
  }
}

// The scheme is left out: behind a proxy that ends TLS the page is https, and this host is asked by http.
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
