import { messageOf, type Kernel, type Logger, type PluginStatus } from "@molecule/core";
import type { EventLog } from "./storage/event-log.js";
import type { PluginToggleStore } from "./storage/plugin-toggle-store.js";

const TOGGLED = "PLUGIN_TOGGLED";

/** What toggles work with. */
export interface PluginToggleServices {
  readonly kernel: Kernel;
  readonly store: PluginToggleStore;
  readonly events: EventLog;
  readonly hostId: string;
  readonly log: Logger;
}

/** Switches plugins at run time on every host that shares the database, and keeps it for later boots. */
export class PluginToggles {
  readonly #services: PluginToggleServices;
  /** Settles when what was asked for so far is done: each time the newest decision is applied, whoever made it. */
  #applied: Promise<unknown> = Promise.resolve();

  constructor(services: PluginToggleServices) {
    this.#services = services;
  }

  /**
   * Kept first: a host that dies in between boots as it was asked to.
   * @throws PLUGIN_UNKNOWN, PLUGIN_TOGGLE_REFUSED
   */
  async toggle(plugin: string, enabled: boolean): Promise<PluginStatus> {
    const { kernel, store, events, hostId } = this.#services;
    kernel.plugins.assertToggleable(plugin);
    await events.transact(async (trx, emit) => {
      await store.save(trx, plugin, enabled);
      emit({ type: TOGGLED, workspaceId: null, payload: { plugin, enabled, host: hostId } });
    });
    return this.#apply(plugin, enabled);
  }

  /** Does as other hosts are told, until the returned function is called. */
  follow(): () => Promise<void> {
    const { events, hostId, log } = this.#services;
    const stop = events.subscribe(({ event_type, payload: { plugin, enabled, host } }) => {
      if (event_type !== TOGGLED || host === hostId) return;
      if (typeof plugin !== "string" || typeof enabled !== "boolean") return;
      this.#apply(plugin, enabled).catch((error: unknown) => {
        log.error(`plugin ${plugin} was toggled on another host, but can't be here: ${messageOf(error)}`);
      });
    });
    return async () => {
      stop();
      await this.#applied;
    };
  }

  #apply(plugin: string, asked: boolean): Promise<PluginStatus> {
    const { kernel, store, log } = this.#services;
    const applied = this.#applied.then(async () => {
      const enabled = (await store.all()).get(plugin) ?? asked;
      const status = await kernel.plugins.toggle(plugin, enabled);
      log.info(`plugin ${plugin} toggled ${enabled ? "on" : "off"}: ${status.state}`);
      return status;
    });
    this.#applied = applied.catch(() => undefined);
    return applied;
  }
}
