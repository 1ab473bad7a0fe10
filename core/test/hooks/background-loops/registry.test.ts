import { expect } from "chai";
import type { BackgroundLoop } from "@molecule/core";
import { BackgroundLoopRegistry } from "../../../dist/src/hooks/background-loops/registry.js";
import { callUntyped, codedFailureOf } from "../../support/failures.js";

const loop = (figures: Partial<BackgroundLoop>): BackgroundLoop => ({
  name: "sweep",
  intervalMs: 1_000,
  timeoutMs: 500,
  tick: () => Promise.resolve(),
  ...figures,
});

describe("BackgroundLoopRegistry", () => {
  it("tells every figure that no timer takes, at once", async () => {
    const registry = new BackgroundLoopRegistry();
    const owner = { plugin: "acme", version: "1.0.0", order: 1 };
    const error = await codedFailureOf(() =>
      registry.add(loop({ intervalMs: 0, timeoutMs: 2 ** 31, jitter: 1.5 }), owner),
    );
    expect(error.code).to.equal("LOOP_INVALID");
    expect(error.message).to.equal(
      [
        'plugin "acme": loop "sweep" can\'t be registered:',
        "  - intervalMs: found 0, allowed: more than 0 and at most 2147483647 ms",
        "  - timeoutMs: found 2147483648, allowed: more than 0 and at most 2147483647 ms",
        "  - jitter: found 1.5, allowed: 0 to 1",
      ].join("\n"),
    );
    expect(registry.names()).to.deep.equal([]);
  });

  for (const [what, found] of [
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a negative number", -1],
    ["a text", "60s"],
    ["nothing", undefined],
  ] as const) {
    it(`refuses ${what} as an interval`, async () => {
      const registry = new BackgroundLoopRegistry();
      const bad = { ...loop({}), intervalMs: found };
      const error = await codedFailureOf(() => callUntyped(registry, "add", bad));
      expect(error.code).to.equal("LOOP_INVALID");
    });
  }

  it("refuses what is no loop, rather than never to tick or to tick on every host", async () => {
    const registry = new BackgroundLoopRegistry();
    const bad = { ...loop({}), tick: "now", singleton: "true", runAtStart: 1 };
    const error = await codedFailureOf(() => callUntyped(registry, "add", bad));
    expect(error.message).to.contain('tick: found "now", allowed: a function');
    expect(error.message).to.contain("runAtStart: found 1, allowed: a boolean");
    expect(error.message).to.contain('singleton: found "true", allowed: a boolean');
  });

  it("takes the limits themselves", () => {
    const registry = new BackgroundLoopRegistry();
    registry.add(loop({ intervalMs: 2 ** 31 - 1, timeoutMs: 0.5, jitter: 1 }));
    expect(registry.names()).to.deep.equal(["sweep"]);
  });
});
