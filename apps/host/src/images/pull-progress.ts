import type { Clock } from "@molecule/core";
import type { LayerProgress } from "../runtimes/docker/progress.js";
import type { PullProgress } from "./image-events.js";

/** Ms between two reports: a pull tells of each layer ten times a second. */
const REPORT_INTERVAL_MS = 500;
/** What the engine says of a layer that needs no more work. */
const DONE = new Set(["Pull complete", "Already exists"]);
/** What it says of layers that are not there yet; other lines concern the image as a whole. */
const UNDERWAY = new Set([
  "Pulling fs layer",
  "Waiting",
  "Downloading",
  "Verifying Checksum",
  "Download complete",
  "Extracting",
]);

interface Layer {
  done: boolean;
  current: number;
  total: number;
}

/** Sums up what a pull tells of its layers. */
export class PullProgressMeter {
  readonly #clock: Clock;
  readonly #report: (progress: PullProgress) => void;
  readonly #layers = new Map<string, Layer>();
  #nextReportAt = -Infinity;

  constructor(clock: Clock, report: (progress: PullProgress) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Takes one line in; reports from time to time, and whenever a layer is done. */
  take({ id, status, current, total }: LayerProgress): void {
    const isDone = DONE.has(status);
    if (!isDone && !UNDERWAY.has(status)) return;
    const layer = this.#layers.get(id) ?? { done: false, current: 0, total: 0 };
    this.#layers.set(id, layer);
    if (status === "Downloading" && current !== null && total !== null) {
      layer.current = current;
      layer.total = total;
    }
    if (isDone || status === "Download complete") layer.current = layer.total;
    if (isDone) layer.done = true;
    const now = this.#clock.monotonic();
    if (!isDone && now < this.#nextReportAt) return;
    this.#nextReportAt = now + REPORT_INTERVAL_MS;
    this.#report(this.#sum());
  }

  #sum(): PullProgress {
    const layers = [...this.#layers.values()];
    return {
      layersDone: layers.filter(({ done }) => done).length,
      layersTotal: layers.length,
      bytesDone: layers.reduce((sum, { current }) => sum + current, 0),
      bytesTotal: layers.reduce((sum, { total }) => sum + total, 0),
    };
  }
}
