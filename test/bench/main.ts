import { endEverything } from "../support/lifetime.js";
import { bootBenchmarks } from "./boot.js";
import { chainBenchmarks } from "./chain.js";
import { deleteBenchmarks } from "./delete.js";
import { ghWrapperBenchmarks } from "./gh-wrapper.js";
import { runBenchmarks, type Benchmark, type BenchmarkResult, type FailedBenchmark } from "./harness.js";
import { listBenchmarks } from "./list-workspaces.js";
import { orphanSweepBenchmarks } from "./orphan-sweep.js";
import { provisionBenchmarks } from "./provision.js";
import { startBenchmarks } from "./start.js";
import { swapBenchmarks } from "./swap.js";
import { watchBenchmarks } from "./watch.js";
import { workerBenchmarks } from "./worker.js";
import { wsEventBenchmarks } from "./ws-events.js";

const USAGE = `usage: npm run bench [-- [--json] [--list] [<name>...]]

  <name>    run only the benchmarks whose name begins so
  --json    print {"results":[...]} instead of a table
  --list    print the names`;

const benchmarks: readonly Benchmark[] = [
  ...chainBenchmarks,
  ...workerBenchmarks,
  ...bootBenchmarks,
  ...startBenchmarks,
  ...provisionBenchmarks,
  ...deleteBenchmarks,
  ...swapBenchmarks,
  ...ghWrapperBenchmarks,
  ...orphanSweepBenchmarks,
  ...watchBenchmarks,
  ...listBenchmarks,
  ...wsEventBenchmarks,
];

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code: 0 when every bar is kept, 1 when not or when one could not run, 2 when called wrongly */
async function main(args: readonly string[]): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith("--"));
  const names = args.filter((arg) => !arg.startsWith("--"));
  const unknown = flags.filter((flag) => !["--json", "--list", "--help"].includes(flag));
  const chosen = benchmarks.filter(
    ({ name }) => names.length === 0 || names.some((each) => name.startsWith(each)),
  );
  if (unknown.length > 0 || chosen.length === 0 || flags.includes("--help")) {
    print(chosen.length === 0 ? `no benchmark begins with ${names.join(", ")}\n\n${USAGE}` : USAGE);
    return flags.includes("--help") ? 0 : 2;
  }
  if (flags.includes("--list")) {
    for (const { name, compares } of chosen) print(`${name.padEnd(24)} ${compares}`);
    return 0;
  }
  const results = await runBenchmarks(chosen, tellRound).finally(endEverything);
  print(flags.includes("--json") ? JSON.stringify({ results }) : table(results));
  return results.every((result) => result.ok) ? 0 : 1;
}

function tellRound({ name, rounds }: Benchmark, round: number): void {
  process.stderr.write(`${name}: ${round === 0 ? "warming up" : `round ${round} of ${rounds}`}\n`);
}

function table(all: readonly (BenchmarkResult | FailedBenchmark)[]): string {
  const failed = all.flatMap((result) => ("error" in result ? [result] : []));
  const results = all.flatMap((result) => ("error" in result ? [] : [result]));
  const header = ["name", "ratio", "bar", "", "ours", "peer", "compares"];
  const rows = results.map((result) => [
    result.name,
    result.ratio.toFixed(2),
    result.bar,
    result.ok ? "ok" : "MISSED",
    `${result.ours.toFixed(1)} ${result.unit}`,
    `${result.peer.toFixed(1)} ${result.unit}`,
    result.compares,
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => (row[column] ?? "").length)),
  );
  const measured = [header, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...measured, ...failed.map(({ name, error }) => `${name}: COULD NOT RUN: ${error}`)].join("\n");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
