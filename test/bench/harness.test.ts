import { expect } from "chai";
import { runBenchmarks, type Benchmark } from "./harness.js";

const COMMON = { compares: "a with b", unit: "ms", bar: { kind: "at-most", ratio: 1 }, rounds: 2 } as const;

function measured(name: string, ours: number): Benchmark {
  return {
    ...COMMON,
    name,
    prepare: () =>
      Promise.resolve({ round: () => Promise.resolve({ ours, peer: 2 }), close: () => Promise.resolve() }),
  };
}

describe("runBenchmarks", () => {
  it("tells why one can't run, and the figures of the others", async () => {
    const rounds: string[] = [];
    const without: Benchmark = {
      ...COMMON,
      name: "without",
      prepare: () => Promise.reject(new Error("no Docker engine")),
    };
    const results = await runBenchmarks(
      [measured("fast", 1), without, measured("slow", 4)],
      ({ name }, round) => rounds.push(`${name} ${round}`),
    );
    expect(results.map(({ name, ok }) => [name, ok])).to.deep.equal([
      ["fast", true],
      ["without", false],
      ["slow", false],
    ]);
    expect(results[0]).to.include({ ratio: 0.5 });
    expect(results[1]).to.deep.equal({
      name: "without",
      compares: COMMON.compares,
      ok: false,
      error: "no Docker engine",
    });
    expect(results[2]).to.include({ ratio: 2 });
    expect(rounds).to.deep.equal(["fast 0", "fast 1", "fast 2", "slow 0", "slow 1", "slow 2"]);
  });

  it("cleans up after one that fails in a round, and goes on", async () => {
    let closed = 0;
    const broken: Benchmark = {
      ...COMMON,
      name: "broken",
      prepare: () =>
        Promise.resolve({
          round: () => Promise.reject(new Error("the engine went away")),
          close: () => {
            closed += 1;
            return Promise.resolve();
          },
        }),
    };
    const results = await runBenchmarks([broken, measured("fast", 1)], () => undefined);
    expect(results.map(({ name, ok }) => [name, ok])).to.deep.equal([
      ["broken", false],
      ["fast", true],
    ]);
    expect(closed).to.equal(1);
  });
});
