import { messageOf } from "@molecule/core";

/** What a ratio must keep to. */
export interface Bar {
  /** `at-most` for times and memory, `at-least` for rates. */
  readonly kind: "at-most" | "at-least";
  readonly ratio: number;
  /** What ours may take beside that, in the benchmark's unit; nothing unless told. */
  readonly slack?: number;
}

/** One round of a pair: both numbers in the same unit, measured one right after the other. */
export interface Pair {
  /** Of the platform: ms, operations per second, or MiB of memory. */
  readonly ours: number;
  /** Of the peer that it is compared with. */
  readonly peer: number;
}

/** One figure to reach. */
export interface Benchmark {
  readonly name: string;
  /** What is compared with what. */
  readonly compares: string;
  readonly unit: "ms" | "ops/s" | "MiB";
  /** Null for a figure that is only told. */
  readonly bar: Bar | null;
  /** Rounds that count; one more runs first and does not. */
  readonly rounds: number;
  /** Makes ready, and says how to run one round and how to clean up. Rejects with why it can't run here. */
  prepare(): Promise<PreparedBenchmark>;
}

/** A benchmark that is ready to run. */
export interface PreparedBenchmark {
  /** Runs ours and the peer once each; `flipped` asks for the peer first, so that order favours neither. */
  round(flipped: boolean): Promise<Pair>;
  close(): Promise<void>;
}

/** A benchmark's result; `ratio` is the median of the rounds' ratios. */
export interface BenchmarkResult {
  readonly name: string;
  readonly compares: string;
  readonly unit: "ms" | "ops/s" | "MiB";
  readonly ratio: number;
  readonly bar: string;
  readonly ok: boolean;
  readonly ours: number;
  readonly peer: number;
  /** Each round's ratio, in order. */
  readonly ratios: readonly number[];
}

/** A benchmark that gave no figure, and why. */
export interface FailedBenchmark {
  readonly name: string;
  readonly compares: string;
  readonly ok: false;
  readonly error: string;
}

/** Runs benchmarks one after the other: where one can't run, as without an engine, the others still tell theirs. */
export async function runBenchmarks(
  benchmarks: readonly Benchmark[],
  onRound: (benchmark: Benchmark, round: number) => void,
): Promise<(BenchmarkResult | FailedBenchmark)[]> {
  const results: (BenchmarkResult | FailedBenchmark)[] = [];
  for (const benchmark of benchmarks) {
    try {
      results.push(await runBenchmark(benchmark, (round) => onRound(benchmark, round)));
    } catch (error) {
      const { name, compares } = benchmark;
      results.push({ name, compares, ok: false, error: messageOf(error) });
    }
  }
  return results;
}

/** Runs a benchmark: one round to warm up, then those that count, the order changing from round to round. */
async function runBenchmark(
  benchmark: Benchmark,
  onRound: (round: number) => void,
): Promise<BenchmarkResult> {
  const prepared = await benchmark.prepare();
  try {
    const pairs: Pair[] = [];
    for (let round = 0; round <= benchmark.rounds; round += 1) {
      onRound(round);
      const pair = await prepared.round(round % 2 === 1);
      if (round > 0) pairs.push(pair);
    }
    return summarise(benchmark, pairs);
  } finally {
    await prepared.close();
  }
}

/** Runs both sides of a pair in the order asked for. */
export async function inOrder(
  flipped: boolean,
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<Pair> {
  if (!flipped) return { ours: await ours(), peer: await peer() };
  const peerResult = await peer();
  return { ours: await ours(), peer: peerResult };
}

/** Ms that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function summarise(benchmark: Benchmark, pairs: readonly Pair[]): BenchmarkResult {
  const slack = benchmark.bar?.slack ?? 0;
  const ratios = pairs.map(({ ours, peer }) => ours / peer);
  const judged = median(pairs.map(({ ours, peer }) => (ours - slack) / peer));
  const ratio = median(ratios);
  const { bar } = benchmark;
  return {
    name: benchmark.name,
    compares: benchmark.compares,
    unit: benchmark.unit,
    ratio,
    bar: bar === null ? "told" : textOf(bar, benchmark.unit),
    ok: bar === null || (bar.kind === "at-most" ? judged <= bar.ratio : judged >= bar.ratio),
    ours: median(pairs.map((pair) => pair.ours)),
    peer: median(pairs.map((pair) => pair.peer)),
    ratios,
  };
}

function textOf({ kind, ratio, slack }: Bar, unit: string): string {
  return `${kind === "at-most" ? "≤" : "≥"} ${ratio}${slack === undefined ? "" : ` + ${slack} ${unit}`}`;
}

/** The middle value; the mean of the two middle ones of an even number. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
