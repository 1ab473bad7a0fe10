import { Readable } from "node:stream";
import type Docker from "dockerode";

/** Tells when containers start, by the engine's own events: asking again and again would load what is measured. */
export class StartEvents {
  readonly #started = new Set<string>();
  readonly #waiting = new Map<string, () => void>();
  readonly #stream: Readable;

  private constructor(stream: Readable) {
    this.#stream = stream;
    let rest = "";
    stream.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    });
  }

  /** Listens from now on. */
  static async listen(docker: Docker): Promise<StartEvents> {
    const stream = await docker.getEvents({ filters: { type: ["container"], event: ["start"] } });
    return new StartEvents(Readable.from(stream));
  }

  /** Resolves when the container of this name has started, also when it did before. */
  async started(name: string): Promise<void> {
    if (this.#started.delete(name)) return;
    await new Promise<void>((resolve) => this.#waiting.set(name, resolve));
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(line: string): void {
    const name = /"name":"([^"]+)"/.exec(line)?.[1];
    if (name === undefined) return;
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) this.#started.add(name);
    else {
      this.#waiting.delete(name);
      waiting();
    }
  }
}
