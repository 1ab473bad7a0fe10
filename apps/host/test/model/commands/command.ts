import type fc from "fast-check";
import { living, type Model, type ModelWorkspace } from "../model.js";
import type { World } from "../world.js";

/** A step of a sequence. */
export type Command = fc.AsyncCommand<Model, World>;

/** A command on one living workspace: `pick` chooses among those that there are when it comes. */
export abstract class OnWorkspace implements Command {
  readonly #pick: number;

  constructor(pick: number) {
    this.#pick = pick;
  }

  check(model: Readonly<Model>): boolean {
    return living(model).length > 0;
  }

  async run(model: Model, world: World): Promise<void> {
    const all = living(model);
    const workspace = all[this.#pick % all.length];
    if (workspace !== undefined) await this.on(workspace, model, world);
  }

  abstract on(workspace: ModelWorkspace, model: Model, world: World): Promise<void>;

  /** What it does, as a failed run shows it. */
  protected details(): string {
    return "";
  }

  toString(): string {
    const details = this.details();
    return `${this.constructor.name}(${this.#pick}${details === "" ? "" : `, ${details}`})`;
  }
}

/** What may become of a provision that is started now, which a faulty engine can fail. */
export function launched(model: Model): readonly string[] {
  return model.faulty ? ["provisioning", "failed"] : ["provisioning"];
}

/** Notes that something is changed in the engine: a faulty one may leave something of it. */
export function touchEngine(model: Model): void {
  if (model.faulty) model.unswept = true;
}
