import type { Route } from "../define-route.js";
import { adminRoutes } from "./admin.js";
import { canvasRoutes } from "./canvas.js";
import { descriptionRoutes } from "./description.js";
import { eventRoutes } from "./events.js";
import { githubTokenRoutes } from "./github-tokens.js";
import { healthRoutes } from "./health.js";
import { metricsRoutes } from "./metrics.js";
import { orphanRoutes } from "./orphans.js";
import { pluginRoutes } from "./plugins.js";
import { registryRoutes } from "./registry.js";
import { workspaceRoutes } from "./workspaces.js";

/** Every route of the platform: the router and the API's description are made of this table. */
export const ROUTES: readonly Route[] = [
  ...healthRoutes,
  ...metricsRoutes,
  ...workspaceRoutes,
  ...registryRoutes,
  ...eventRoutes,
  ...canvasRoutes,
  ...adminRoutes,
  ...pluginRoutes,
  ...githubTokenRoutes,
  ...orphanRoutes,
  ...descriptionRoutes(() => ROUTES),
];
