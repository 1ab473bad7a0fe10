import type { Migration } from "kysely";
import { initial } from "./0001-initial.js";
import { loopLeases } from "./0002-loop-leases.js";
import { pluginToggles } from "./0003-plugin-toggles.js";
import { secrets } from "./0004-secrets.js";
import { orgTokens } from "./0005-org-tokens.js";
import { lifecycle } from "./0006-lifecycle.js";
import { sweeps } from "./0007-sweeps.js";
import { imageDigests } from "./0008-image-digests.js";
import { rollouts } from "./0009-rollouts.js";
import { restartMarks } from "./0010-restart-marks.js";

/** Every migration by name. They run in the order of their names: number each one higher than the last. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001-initial": initial,
  "0002-loop-leases": loopLeases,
  "0003-plugin-toggles": pluginToggles,
  "0004-secrets": secrets,
  "0005-org-tokens": orgTokens,
  "0006-lifecycle": lifecycle,
  "0007-sweeps": sweeps,
  "0008-image-digests": imageDigests,
  "0009-rollouts": rollouts,
  "0010-restart-marks": restartMarks,
};
