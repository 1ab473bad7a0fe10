import { reduce, type Action } from "./reducer.js";
import { INITIAL_STATE, type State } from "./state.js";

/** Holds the page's state, outside of what draws it. */
export class Store {
  #state: State = INITIAL_STATE;
  readonly #listeners = new Set<() => void>();

  /** The present state. */
  readonly get = (): State => this.#state;

  /** Calls `listener` after every change, until the returned function is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  dispatch(action: Action): void {
    const next = reduce(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of [...this.#listeners]) listener();
  }
}
