import { expect } from "chai";
import { deadlineSeconds, ProvisionAges } from "../dist/deadline.js";

describe("the deadline of a provision", () => {
  const declaredSeconds = (runtime: string) => (runtime === "hermes" ? 1800 : null);

  it("is what the runtime declares, else 600 s, and the operator's figure over all", () => {
    expect(deadlineSeconds({ overrideSeconds: null, declaredSeconds }, "hermes")).to.equal(1800);
    expect(deadlineSeconds({ overrideSeconds: null, declaredSeconds }, "demo")).to.equal(600);
    expect(deadlineSeconds({ overrideSeconds: 30, declaredSeconds }, "hermes")).to.equal(30);
  });

  /** As a database tells it whose clock is set by hand, in seconds; the other clock goes on by itself. */
  class Clocks {
    wall = 10_000;
    monotonic = 500;
    readonly ages = new ProvisionAges(() => this.monotonic * 1000);

    pass(seconds: number): void {
      this.wall += seconds;
      this.monotonic += seconds;
    }

    /** The ages of the provisions that began when the database's clock showed these seconds. */
    of(...began: readonly number[]): readonly number[] {
      const provisions = began.map((startedAt) => ({
        workspaceId: `w${startedAt}`,
        attempt: 1,
        runtime: "demo",
        startedAt: startedAt * 1000,
        ageSeconds: this.wall - startedAt,
      }));
      return [...this.ages.observe({ now: this.wall * 1000, provisions }).values()];
    }
  }

  it("is measured from the database's age at first sight on by a clock that nobody sets", () => {
    const clocks = new Clocks();
    expect(clocks.of(9_900)).to.deep.equal([100]);
    clocks.pass(30);
    clocks.wall += 3600;
    expect(clocks.of(9_900)).to.deep.equal([130]);
    clocks.pass(30);
    clocks.wall -= 7200;
    expect(clocks.of(9_900)).to.deep.equal([160]);
  });

  it("stays where a provision goes on as another attempt, and is another for another provision", () => {
    const ages = new ProvisionAges(() => 0);
    const seen = (attempt: number, startedAt: number, ageSeconds: number) =>
      [
        ...ages
          .observe({
            now: 0,
            provisions: [{ workspaceId: "w", attempt, runtime: "demo", startedAt, ageSeconds }],
          })
          .values(),
      ].at(0);
    expect(seen(1, 1000, 100)).to.equal(100);
    expect(seen(2, 1000, -3_440)).to.equal(100);
    expect(seen(3, 2000, 5)).to.equal(5);
  });

  for (const [way, jump] of [
    ["forwards", 3600],
    ["backwards", -3600],
  ] as const) {
    it(`is right when the clock jumps ${way} while a provision runs that no pass has seen`, () => {
      const clocks = new Clocks();
      expect(clocks.of()).to.deep.equal([]);
      clocks.pass(10);
      const before = clocks.wall;
      clocks.pass(10);
      clocks.wall += jump;
      clocks.pass(5);
      const after = clocks.wall;
      clocks.pass(5);
      expect(clocks.of(before, after)).to.deep.equal([20, 5]);
      clocks.pass(30);
      // The jump is over: what is seen now, as a rollout had it until then, is as old as the database says.
      expect(clocks.of(before, after, clocks.wall - 400)).to.deep.equal([50, 35, 400]);
    });
  }

  it("never ends early what no pass has seen, where either side of a jump may be its beginning", () => {
    const clocks = new Clocks();
    clocks.of();
    clocks.pass(60);
    clocks.wall += 40;
    clocks.pass(0);
    // Begun 50 s ago by that clock: 10 s before it jumped, or long after the last pass without it.
    expect(clocks.of(clocks.wall - 50)).to.deep.equal([10]);
    // A rollout had it, which has given it up: its beginning lies before the last pass, and so before the jump.
    clocks.pass(30);
    clocks.wall += 3600;
    expect(clocks.of(clocks.wall - 3600 - 400)).to.deep.equal([400]);
    clocks.pass(30);
    clocks.wall -= 3600;
    expect(clocks.of(clocks.wall + 3600 - 400)).to.deep.equal([400]);
  });

  it("is believed of a host that has had no pass yet", () => {
    expect(new Clocks().of(9_500)).to.deep.equal([500]);
  });
});
