import type { RuntimeCall } from "@molecule/core";
import type { NetworkInspectInfo } from "dockerode";
import type { EngineClient } from "./client.js";
import { isRefusal } from "./engine-errors.js";
import { instanceLabels, ownerOf } from "./labels.js";
import { SharedWork } from "./shared-work.js";

/** The network of all workspaces on an engine; api.md §8. */
export const NETWORK = "molecule-net";

/** Makes sure that the workspaces' network is there. Other installations on the engine share it. */
export class Network {
  readonly #engine: EngineClient;
  readonly #instanceId: string;
  readonly #making = new SharedWork<void>();
  #known = false;

  constructor(engine: EngineClient, instanceId: string) {
    this.#engine = engine;
    this.#instanceId = instanceId;
  }

  /** Asks the engine only once, until {@link forget}. */
  async ensure({ signal, log }: RuntimeCall): Promise<void> {
    if (this.#known) return;
    await this.#making.join(NETWORK, signal, async (bound) => {
      if ((await this.#list(bound)).length === 0) {
        await this.#create(bound);
        log.info(`network ${NETWORK} made`);
      }
      await this.#removeSurplus(bound);
      this.#known = true;
    });
  }

  /** The engine knows no network of this name, or several. */
  forget(): void {
    this.#known = false;
  }

  /** The oldest first. */
  async #list(signal: AbortSignal): Promise<NetworkInspectInfo[]> {
    // The engine's filter matches parts of names as well.
    const found = await this.#engine.call(`list the network ${NETWORK}`, signal, (docker, abortSignal) =>
      docker.listNetworks({ filters: { name: [NETWORK] }, abortSignal }),
    );
    return found
      .filter((each) => each.Name === NETWORK)
      .sort((a, b) => a.Created.localeCompare(b.Created) || a.Id.localeCompare(b.Id));
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

  /**
   * Such engines look for a duplicate before they make a network, and two that are made at the same moment are both
   * made: no container starts then, for its network's name is ambiguous. Whoever made the younger takes it back.
   */
  async #removeSurplus(signal: AbortSignal): Promise<void> {
    const [, ...younger] = await this.#list(signal);
    for (const { Id, Labels } of younger) {
      if (ownerOf(Labels, this.#instanceId) !== "ours") continue;
      try {
        await this.#engine.call(`remove the second network ${NETWORK}`, signal, (docker, abortSignal) =>
          docker.getNetwork(Id).remove({ abortSignal }),
        );
      } catch (error) {
        if (!isRefusal(error, 404)) throw error;
      }
    }
  }
}
