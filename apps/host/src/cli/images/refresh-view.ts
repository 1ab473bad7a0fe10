import { MultiBar, type SingleBar } from "cli-progress";

/** Facts of an event, as the host sends them. */
export type EventFacts = Readonly<Record<string, unknown>>;

/** Shows the events of a refresh. */
export interface RefreshView {
  show(type: string, facts: EventFacts): void;
  /** Leaves the terminal as it was found. */
  end(): void;
}

/** One line for each step: for logs and pipes. */
export class LineView implements RefreshView {
  readonly #output: NodeJS.WritableStream;

  constructor(output: NodeJS.WritableStream) {
    this.#output = output;
  }

  show(type: string, facts: EventFacts): void {
    const line = stepOf(type, facts);
    if (line !== null) this.#output.write(`${text(facts.runtime)}: ${line}\n`);
  }

  end(): void {
    return;
  }
}

/** A progress bar for each image that is pulled. */
export class BarView implements RefreshView {
  readonly #bars: MultiBar;
  readonly #byRuntime = new Map<string, SingleBar>();

  constructor(output: NodeJS.WritableStream) {
    this.#bars = new MultiBar({
      stream: output,
      format: "{runtime} [{bar}] {percentage}% {step}",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      hideCursor: true,
      linewrap: false,
    });
  }

  show(type: string, facts: EventFacts): void {
    const runtime = text(facts.runtime);
    const step = stepOf(type, facts) ?? progressOf(type, facts);
    if (step === null) return;
    let bar = this.#byRuntime.get(runtime);
    if (bar === undefined) {
      bar = this.#bars.create(1, 0, { runtime, step });
      this.#byRuntime.set(runtime, bar);
    }
    const done = type === "IMAGE_PULLED" || type === "IMAGE_REFRESHED";
    bar.update(done ? 1 : (shareOf(facts) ?? bar.getProgress()), { runtime, step });
  }

  end(): void {
    this.#bars.stop();
  }
}

/** What a stored or announced event says; null for one that is of no interest. */
function stepOf(type: string, facts: EventFacts): string | null {
  switch (type) {
    case "IMAGE_PULLING":
      return `pulling ${text(facts.reference)} (${short(facts.digest)})`;
    case "IMAGE_PULLED":
      return `pulled ${short(facts.digest)}`;
    case "IMAGE_REFRESHED":
      return `all workspaces have ${short(facts.digest)}`;
    case "IMAGE_REFRESH_FAILED":
      return `failed: ${text(facts.error)}`;
    default:
      return null;
  }
}

function progressOf(type: string, facts: EventFacts): string | null {
  if (type !== "IMAGE_PULL_PROGRESS") return null;
  return `layer ${text(facts.layers_done)} of ${text(facts.layers_total)}`;
}

/** By bytes where they are known, else by layers. */
function shareOf({ layers_done, layers_total, bytes_done, bytes_total }: EventFacts): number | null {
  if (typeof bytes_done === "number" && typeof bytes_total === "number" && bytes_total > 0) {
    return bytes_done / bytes_total;
  }
  if (typeof layers_done !== "number" || typeof layers_total !== "number" || layers_total === 0) return null;
  return layers_done / layers_total;
}

function short(digest: unknown): string {
  return text(digest).slice(0, "sha256:".length + 12);
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "?";
}
