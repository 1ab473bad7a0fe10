import type { InjectionToken } from "tsyringe";
import type { RuntimeCall } from "./container-runtime.js";

/**
 * Whose an object of the engine is, by its labels: of this installation, of another one, or of somebody who is no
 * such platform.
 */
export type ObjectOwner = "ours" | "foreign" | "unlabelled";

interface EngineObjectFacts {
  /** Exact id: a container's id, a volume's name. */
  readonly id: string;
  /** For people; nothing is decided by it. */
  readonly name: string;
  readonly owner: ObjectOwner;
  /** As labelled, not checked; null where there is no such label. */
  readonly workspaceId: string | null;
  /** The attempt that made the object, as labelled; null where the label does not say. */
  readonly attempt: number | null;
  /** The workspace template, as labelled; null where the label does not say. */
  readonly runtime: string | null;
  /** When it was made, by the engine's clock, in ms since the epoch; null where the engine does not say. */
  readonly createdAt: number | null;
}

/** A container as a listing shows it, or a process that stands in for one. */
export interface EngineContainer extends EngineObjectFacts {
  readonly kind: "container";
  /** `changing`: the engine is about to restart or remove it by itself. */
  readonly state: "running" | "stopped" | "changing";
  /** Where the agent's port is published on this machine, or null. */
  readonly url: string | null;
}

/** A volume as a listing shows it. */
export interface EngineVolume extends EngineObjectFacts {
  readonly kind: "volume";
}

/** All objects of one kind that the engine holds; `unknown` when they could not be listed, of which nothing follows. */
export type EngineListing<T extends EngineContainer | EngineVolume> =
  | { readonly state: "known"; readonly objects: readonly T[] }
  | { readonly state: "unknown"; readonly reason: string };

/** All that the engine holds, ours and others', for those who look after the whole. */
export interface EngineInventory {
  /**
   * Lists containers, in one call of the engine; never throws. A list can be short by fault: what it lacks may be
   * there all the same.
   */
  listContainers(call: RuntimeCall): Promise<EngineListing<EngineContainer>>;
  /** Lists volumes, in the same way. */
  listVolumes(call: RuntimeCall): Promise<EngineListing<EngineVolume>>;
  /**
   * The engine's clock, in ms since the epoch: ages are told by it and not by the host's.
   * @throws an error of the engine
   */
  now(call: RuntimeCall): Promise<number>;
  /**
   * Stops and removes exactly this container, which must be of this installation. Absent is success.
   * @throws OBJECT_NOT_OURS, or an error of the engine
   */
  removeContainer(container: EngineContainer, call: RuntimeCall): Promise<void>;
  /**
   * Removes exactly this volume, which must still be the one that was listed. Absent is success.
   * @throws OBJECT_NOT_OURS, VOLUME_IN_USE, or an error of the engine
   */
  removeVolume(volume: EngineVolume, call: RuntimeCall): Promise<void>;
}

/** Resolves to the host's {@link EngineInventory}. */
export const ENGINE_INVENTORY: InjectionToken<EngineInventory> = Symbol.for(
  "@molecule/port/engine-inventory",
);
