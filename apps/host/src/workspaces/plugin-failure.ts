import type { CodedError } from "@molecule/core";

/**
 * A plugin has failed a provision. No coded error itself: a plugin's error may have any code, also one by which an
 * engine that is away or refuses something is told.
 */
export class PluginFailure extends Error {
  readonly plugin: string;
  /** What the plugin threw, or what its call has ended with. */
  readonly error: CodedError;

  constructor(plugin: string, error: CodedError) {
    // The texts of a plugin's own errors need not name it.
    const isNamed = error.message.includes(`plugin "${plugin}"`);
    super(isNamed ? error.message : `plugin "${plugin}": ${error.message}`, { cause: error });
    this.name = "PluginFailure";
    this.plugin = plugin;
    this.error = error;
  }
}
