import { Type } from "@molecule/core";
import { EnvPreviewSchema } from "../../workspaces/env-preview.js";
import { workspaceErrors } from "../../errors/workspaces.js";
import { bodyForDomain, bodyOf, defineRoute, type Route } from "../define-route.js";
import { PluginSchema } from "./platform-schemas.js";
import { answer, refusal } from "./schemas.js";

const data = Type.Record(Type.String(), Type.Unknown());

/** Routes that change what plugins do, or show what they would do. */
export const pluginRoutes: readonly Route[] = [
  defineRoute({
    method: "PATCH",
    path: "/admin/plugins/:name",
    guard: "admin",
    summary: "Switch a plugin on or off at once; kept for later boots",
    body: bodyOf(Type.Object({ enabled: Type.Boolean() })),
    responses: {
      200: answer("The plugin afterwards; one that can't be enabled is failed", PluginSchema),
      404: refusal("No such plugin"),
      409: refusal("It is of a stage that can't be switched at run time"),
    },
    handle: async ({ params, body }, { togglePlugin }) => ({
      status: 200,
      body: await togglePlugin(params.name, body.enabled),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/admin/env/preview",
    guard: "admin",
    summary: "What a workspace would boot with, with plugins switched on or off; starts nothing",
    body: bodyForDomain(EnvPreviewSchema, (faults) => workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults })),
    responses: {
      200: answer(
        "The ledger, and the difference from what it would boot with now",
        Type.Object({
          ok: Type.Boolean(),
          error: Type.Union([data, Type.Null()]),
          ledger: data,
          difference: Type.Union([data, Type.Null()]),
        }),
      ),
      404: refusal("No such workspace or plugin"),
      409: refusal("A plugin that is to be switched on can't be set up"),
    },
    handle: async ({ body }, { previewEnv }) => ({ status: 200, body: await previewEnv(body) }),
  }),
];
