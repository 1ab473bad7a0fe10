/** Items of one transaction on their way to `deliver`. */
export interface Batch {
  /** The transaction is over: its items are handed on if it was committed, else dropped. */
  end(committed: boolean): void;
}

interface Entry<T> {
  readonly items: readonly T[];
  outcome: "open" | "committed" | "dropped";
}

/**
 * Hands on the items of transactions in the order the batches were added in, each once its transaction has ended.
 * The news of two commits may reach this process in another order than the commits happened in.
 */
export class DeliveryOrder<T> {
  readonly #queue: Entry<T>[] = [];
  readonly #deliver: (item: T) => void;

  /** @param deliver never throws */
  constructor(deliver: (item: T) => void) {
    this.#deliver = deliver;
  }

  /** Adds the items of a transaction that is still open. */
  add(items: readonly T[]): Batch {
    const entry: Entry<T> = { items, outcome: "open" };
    this.#queue.push(entry);
    return {
      end: (committed) => {
        entry.outcome = committed ? "committed" : "dropped";
        this.#flush();
      },
    };
  }

  #flush(): void {
    for (
      let first = this.#queue[0];
      first !== undefined && first.outcome !== "open";
      first = this.#queue[0]
    ) {
      this.#queue.shift();
      if (first.outcome === "committed") first.items.forEach(this.#deliver);
    }
  }
}
