/**
 * A read whose answer serves all who wait for it. While one runs, whoever asks gets the one after it, which begins when
 * that ends: nobody is given what was read before they asked, and however many ask, one runs at a time.
 */
export class SharedRead<T> {
  readonly #read: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** Rejects as the read does; the next one is tried all the same. */
  get(): Promise<T> {
    const running = this.#running;
    if (running === undefined) return this.#start();
    const begin = () => {
      this.#next = undefined;
      return this.#start();
    };
    return (this.#next ??= running.then(begin, begin));
  }

  #start(): Promise<T> {
    const reading = this.#read();
    const end = () => {
      if (this.#running === reading) this.#running = undefined;
    };
    this.#running = reading;
    reading.then(end, end);
    return reading;
  }
}
