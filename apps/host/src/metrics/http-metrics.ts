import { Counter, Histogram, type Registry } from "prom-client";

/** A request that was answered. */
export interface HttpRun {
  readonly method: string;
  /** The route's pattern, e.g. `/workspaces/:id`; undefined where no route took the request. */
  readonly route: string | undefined;
  readonly status: number;
  readonly durationMs: number;
}

/** Methods that have a label of their own; the parser lets in some thirty, and a caller could send each. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** HTTP requests by method, route and status class. Paths are no labels: they hold ids. */
export class HttpMetrics {
  readonly #requests: Counter<"method" | "route" | "status">;
  readonly #seconds: Histogram<"method" | "route">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: "molecule_http_requests_total",
      help: "HTTP requests by method, route and status class; route is none where no route took the request",
      labelNames: ["method", "route", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "molecule_http_request_duration_seconds",
      help: "Time from a request's headers to its answer",
      labelNames: ["method", "route"],
      registers,
    });
  }

  add({ method: found, route = "none", status, durationMs }: HttpRun): void {
    const method = METHODS.has(found) ? found : "other";
    this.#requests.inc({ method, route, status: `${Math.floor(status / 100)}xx` });
    this.#seconds.observe({ method, route }, durationMs / 1000);
  }
}
