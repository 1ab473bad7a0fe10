import { Type } from "@molecule/core";
import { httpErrors } from "../../errors/http.js";
import { defineRoute, type Route } from "../define-route.js";
import { renderOpenApi } from "../openapi.js";
import { answer, refusal } from "./schemas.js";

/**
 * What describes the API itself.
 * @param routes all of them, with these
 */
export function descriptionRoutes(routes: () => readonly Route[]): readonly Route[] {
  let rendered: unknown;
  return [
    defineRoute({
      method: "GET",
      path: "/openapi.json",
      guard: "open",
      summary: "This description",
      responses: { 200: answer("An OpenAPI 3.1 document", Type.Record(Type.String(), Type.Unknown())) },
      handle: () => {
        rendered ??= renderOpenApi(routes());
        return { status: 200, body: rendered };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/ws",
      guard: "open",
      summary:
        "WebSocket of the events: text frames {event, workspace_id, timestamp, payload}. A canvas comes from a listed origin with an admin token (Authorization, or the subprotocol bearer.<token>); an agent with X-Workspace-ID and its own token",
      responses: { 426: refusal("Connect by WebSocket") },
      handle: () => {
        throw httpErrors.UPGRADE_REQUIRED({});
      },
    }),
  ];
}
