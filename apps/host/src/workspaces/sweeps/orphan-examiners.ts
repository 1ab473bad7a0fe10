import type { OrphanExaminers, OrphanReport, RuntimeCall } from "@molecule/core";
import { workspaceErrors } from "../../errors/workspaces.js";

type Examine = (call: RuntimeCall) => Promise<OrphanReport>;

/** Keeps the reaping rule of the plugin that is enabled now. */
export class CurrentOrphanExaminer implements OrphanExaminers {
  #examine: Examine | undefined;

  provide(examine: Examine): () => void {
    this.#examine = examine;
    return () => {
      if (this.#examine === examine) this.#examine = undefined;
    };
  }

  /** @throws ORPHAN_SWEEPER_OFF */
  async examine(call: RuntimeCall): Promise<OrphanReport> {
    if (this.#examine === undefined) throw workspaceErrors.ORPHAN_SWEEPER_OFF({});
    return await this.#examine(call);
  }
}
