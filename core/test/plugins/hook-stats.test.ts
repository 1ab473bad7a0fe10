import { expect } from "chai";
import fc from "fast-check";
import { HookStats } from "../../dist/src/plugins/hook-stats.js";

const NONE = { calls: 0, failures: 0, p50_ms: null, p99_ms: null };

describe("HookStats", () => {
  it("counts calls and failures per plugin and hook, and has nothing of others", () => {
    const stats = new HookStats();
    stats.add("env_mutators", "acme", true, 2);
    stats.add("env_mutators", "acme", false, 4);
    stats.add("loops", "acme", true, 8);
    expect(stats.of("acme")).to.deep.equal({
      env_mutators: { calls: 2, failures: 1, p50_ms: 2, p99_ms: 4 },
      boot_tasks: NONE,
      loops: { calls: 1, failures: 0, p50_ms: 8, p99_ms: 8 },
    });
    expect(stats.of("other").env_mutators).to.deep.equal(NONE);
  });

  it("gives percentiles of the last 256 calls that were measured, whatever their order", () => {
    const duration = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 600 }), (durations) => {
        const stats = new HookStats();
        for (const each of durations) stats.add("loops", "acme", true, each);
        const sorted = durations.slice(-256).sort((a, b) => a - b);
        const rank = (share: number) => sorted[Math.ceil(share * sorted.length) - 1];
        expect(stats.of("acme").loops).to.deep.equal({
          calls: durations.length,
          failures: 0,
          p50_ms: rank(0.5),
          p99_ms: rank(0.99),
        });
      }),
    );
  });
});
