import type { RuntimeCall } from "@molecule/core";
import type { EngineClient } from "./client.js";
import { isRefusal } from "./engine-errors.js";
import { instanceLabels } from "./labels.js";

/** The network of all workspaces on an engine; api.md §8. */
export const NETWORK = "molecule-net";

/** Makes sure that the workspaces' network is there. Other installations on the engine share it. */
export class Network {
  readonly #engine: EngineClient;
  readonly #instanceId: string;
  #known = false;

  constructor(engine: EngineClient, instanceId: string) {
    this.#engine = engine;
    this.#instanceId = instanceId;
  }

  /** Asks the engine only once, until {@link forget}. */
  async ensure({ signal, log }: RuntimeCall): Promise<void> {
    if (this.#known) return;
    // The engine's filter matches parts of names as well.
    const found = await this.#engine.call(`list the network ${NETWORK}`, signal, (docker, abortSignal) =>
      docker.listNetworks({ filters: { name: [NETWORK] }, abortSignal }),
    );
    if (!found.some((each) => each.Name === NETWORK)) {
      await this.#create(signal);
      log.info(`network ${NETWORK} made`);
    }
    this.#known = true;
  }

  /** Someone has removed the network. */
  forget(): void {
    this.#known = false;
  }

  async #create(signal: AbortSignal): Promise<void> {
    try {
      await this.#engine.call(`create the network ${NETWORK}`, signal, (docker, abortSignal) =>
        docker.createNetwork({
          Name: NETWORK,
          Driver: "bridge",
          // Engines before API 1.44 make a second one of the same name otherwise.
          CheckDuplicate: true,
          Labels: instanceLabels(this.#instanceId),
          abortSignal,
        }),
      );
    } catch (error) {
      // Another launch, or another installation, was faster.
      if (!isRefusal(error, 409)) throw error;
    }
  }
}
