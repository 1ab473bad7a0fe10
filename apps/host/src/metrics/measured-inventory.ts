import type {
  Clock,
  ContainerRuntimeKind,
  EngineContainer,
  EngineInventory,
  EngineListing,
  EngineVolume,
  RuntimeCall,
} from "@molecule/core";
import { measureCall, type CallMeasurement } from "./measured-call.js";
import type { EngineRun } from "./workspace-metrics.js";

/** An inventory whose calls are told. A listing that says that the engine can't be asked is a failure. */
export class MeasuredInventory implements EngineInventory {
  readonly #inventory: EngineInventory;
  readonly #measurement: CallMeasurement;

  constructor(
    inventory: EngineInventory,
    driver: ContainerRuntimeKind,
    clock: Clock,
    onCall: (run: EngineRun) => void,
  ) {
    this.#inventory = inventory;
    this.#measurement = { driver, clock, onCall };
  }

  listContainers(call: RuntimeCall): Promise<EngineListing<EngineContainer>> {
    return measureCall(
      this.#measurement,
      "inventory-list-containers",
      () => this.#inventory.listContainers(call),
      isKnown,
    );
  }

  listVolumes(call: RuntimeCall): Promise<EngineListing<EngineVolume>> {
    return measureCall(
      this.#measurement,
      "inventory-list-volumes",
      () => this.#inventory.listVolumes(call),
      isKnown,
    );
  }

  now(call: RuntimeCall): Promise<number> {
    return measureCall(this.#measurement, "inventory-now", () => this.#inventory.now(call));
  }

  removeContainer(container: EngineContainer, call: RuntimeCall): Promise<void> {
    return measureCall(this.#measurement, "inventory-remove-container", () =>
      this.#inventory.removeContainer(container, call),
    );
  }

  removeVolume(volume: EngineVolume, call: RuntimeCall): Promise<void> {
    return measureCall(this.#measurement, "inventory-remove-volume", () =>
      this.#inventory.removeVolume(volume, call),
    );
  }
}

function isKnown({ state }: { readonly state: "known" | "unknown" }): boolean {
  return state === "known";
}
