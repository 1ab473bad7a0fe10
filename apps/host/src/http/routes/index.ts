import type { Route } from "../define-route.js";
import { activityRoutes } from "./activity.js";
import { adminRoutes } from "./admin.js";
import { budgetRoutes } from "./budget.js";
import { canvasRoutes } from "./canvas.js";
import { descriptionRoutes } from "./description.js";
import { discoveryRoutes } from "./discovery.js";
import { eventRoutes } from "./events.js";
import { githubTokenRoutes } from "./github-tokens.js";
import { healthRoutes } from "./health.js";
import { imageRoutes } from "./images.js";
import { imageQuarantineRoutes } from "./image-quarantine.js";
import { libraryRoutes } from "./library.js";
import { lifecycleRoutes } from "./lifecycle.js";
import { metricsRoutes } from "./metrics.js";
import { orphanRoutes } from "./orphans.js";
import { pluginRoutes } from "./plugins.js";
import { registryRoutes } from "./registry.js";
import { secretRoutes } from "./secrets.js";
import { tokenRoutes } from "./tokens.js";
import { workspaceRoutes } from "./workspaces.js";

/** Every route of the platform: the router and the API's description are made of this table. */
export const ROUTES: readonly Route[] = [
  ...healthRoutes,
  ...metricsRoutes,
  ...workspaceRoutes,
  ...lifecycleRoutes,
  ...budgetRoutes,
  ...activityRoutes,
  ...secretRoutes,
  ...tokenRoutes,
  ...registryRoutes,
  ...discoveryRoutes,
  ...libraryRoutes,
  ...eventRoutes,
  ...canvasRoutes,
  ...adminRoutes,
  ...pluginRoutes,
  ...imageRoutes,
  ...githubTokenRoutes,
  ...orphanRoutes,
  ...imageQuarantineRoutes,
  ...descriptionRoutes(() => ROUTES),
];
