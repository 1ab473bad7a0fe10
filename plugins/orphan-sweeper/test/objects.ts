import type { EngineContainer, EngineVolume, OwnerRow } from "@molecule/core";

export const WORKSPACE = "00000000-0000-4000-8000-00000000000a";

/** A container of ours, of attempt 2 of {@link WORKSPACE}. */
export function container(changes: Partial<EngineContainer> = {}): EngineContainer {
  return {
    kind: "container",
    id: "c1",
    name: "ws-c1",
    owner: "ours",
    workspaceId: WORKSPACE,
    attempt: 2,
    runtime: "demo",
    createdAt: 0,
    state: "running",
    url: null,
    ...changes,
  };
}

/** A volume of ours, made by attempt 1 of {@link WORKSPACE}. */
export function volume(changes: Partial<EngineVolume> = {}): EngineVolume {
  return {
    kind: "volume",
    id: "v1",
    name: "ws-v1-configs",
    owner: "ours",
    workspaceId: WORKSPACE,
    attempt: 1,
    runtime: "demo",
    createdAt: 0,
    ...changes,
  };
}

/** A row that is alive at attempt 2. */
export function row(changes: Partial<OwnerRow> = {}): OwnerRow {
  return { removed: false, attempt: 2, lastAttempt: 2, rolloutAttempts: [], ...changes };
}
