import { Type } from "@molecule/core";
import { defineRoute, type Route } from "../define-route.js";
import { textAnswer } from "./schemas.js";

/** Prometheus' text format; Prometheus docs, "Exposition formats". */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What a Prometheus server scrapes. */
export const metricsRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/metrics",
    guard: "metrics",
    summary: "Metrics in Prometheus' text format",
    responses: { 200: textAnswer("The metrics; docs/operating.md lists them", Type.String()) },
    handle: async (_, { metrics }) => ({
      status: 200,
      body: await metrics.render(),
      contentType: CONTENT_TYPE,
    }),
  }),
];
