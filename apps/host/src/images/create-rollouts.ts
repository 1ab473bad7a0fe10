import { randomUUID } from "node:crypto";
import type { EngineTurns } from "../workspaces/engine-turns.js";
import type { StateMachine } from "../workspaces/state-machine.js";
import type { LaunchPreparation } from "../workspaces/launch-preparation.js";
import type { WorkspaceInputs } from "../workspaces/services.js";
import type { WorkspaceSecrets } from "../workspaces/workspace-secrets.js";
import type { ActiveSwaps } from "./active-swaps.js";
import { FleetRollouts } from "./fleet-rollouts.js";
import { ImageQuarantine } from "./quarantine.js";
import { RolloutStore } from "./rollout-store.js";
import { SwapStore } from "./swap-store.js";

/** Rollouts, wired. */
export interface RolloutServices {
  readonly fleet: FleetRollouts;
  readonly quarantine: ImageQuarantine;
}

/** What rollouts share with provisions. */
export interface SharedParts {
  readonly active: ActiveSwaps;
  readonly turns: EngineTurns;
  readonly stateMachine: StateMachine;
  readonly secrets: WorkspaceSecrets;
  readonly preparation: LaunchPreparation;
}

/** Wires the rollouts of images. */
export function createRollouts(inputs: WorkspaceInputs, parts: SharedParts): RolloutServices {
  const { config, storage, runtime, templates, masker, clock, log } = inputs;
  const { database, events, tokens, leases } = storage;
  const { db } = database;
  const quarantine = new ImageQuarantine({ db, events });
  const swaps = new SwapStore({ db, events });
  const { maxUnavailable, ...times } = config.rollout;
  const fleet = new FleetRollouts({
    db,
    templates,
    quarantine,
    rollouts: new RolloutStore({ db, events, quarantine, newId: randomUUID }),
    swaps,
    swap: { database, swaps, tokens, runtime, masker, clock, times, ...parts },
    leases,
    runtime,
    maxUnavailable,
    clock,
    log,
  });
  return { fleet, quarantine };
}
