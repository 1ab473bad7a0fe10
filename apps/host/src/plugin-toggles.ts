import type { Kernel, Logger, PluginStatus } from "@molecule/core";
import type { PluginToggleStore } from "./storage/plugin-toggle-store.js";

/** Switches plugins at run time, and keeps it for later boots. */
export class PluginToggles {
  readonly #kernel: Kernel;
  readonly #store: PluginToggleStore;
  readonly #log: Logger;

  constructor(services: { kernel: Kernel; store: PluginToggleStore; log: Logger }) {
    this.#kernel = services.kernel;
    this.#store = services.store;
    this.#log = services.log;
  }

  /**
   * Kept first: a host that dies in between boots as it was asked to.
   * @throws PLUGIN_UNKNOWN, PLUGIN_TOGGLE_REFUSED
   */
  async toggle(plugin: string, enabled: boolean): Promise<PluginStatus> {
    this.#kernel.plugins.assertToggleable(plugin);
    await this.#store.save(plugin, enabled);
    const status = await this.#kernel.plugins.toggle(plugin, enabled);
    this.#log.info(`plugin ${plugin} toggled ${enabled ? "on" : "off"}: ${status.state}`);
    return status;
  }
}
