import { expect } from "chai";
import { deadlineSeconds, ProvisionAges } from "../dist/deadline.js";

describe("the deadline of a provision", () => {
  const declaredSeconds = (runtime: string) => (runtime === "hermes" ? 1800 : null);

  it("is what the runtime declares, else 600 s, and the operator's figure over all", () => {
    expect(deadlineSeconds({ overrideSeconds: null, declaredSeconds }, "hermes")).to.equal(1800);
    expect(deadlineSeconds({ overrideSeconds: null, declaredSeconds }, "demo")).to.equal(600);
    expect(deadlineSeconds({ overrideSeconds: 30, declaredSeconds }, "hermes")).to.equal(30);
  });

  it("is measured from the database's age at first sight on by a clock that nobody sets", () => {
    let now = 0;
    const ages = new ProvisionAges(() => now);
    const seen = (ageSeconds: number, { attempt = 1, startedAt = 1000 } = {}) => {
      const provision = { workspaceId: "w", attempt, runtime: "demo", startedAt, ageSeconds };
      return ages.observe([provision]).get(provision);
    };
    expect(seen(100)).to.equal(100);
    now = 30_000;
    // The database's clock has jumped an hour.
    expect(seen(3_730)).to.equal(130);
    now = 60_000;
    expect(seen(-3_440)).to.equal(160);
    // Resumed after the engine was away: the deadline stays.
    expect(seen(-3_440, { attempt: 2 })).to.equal(160);
    expect(seen(5, { attempt: 3, startedAt: 2000 })).to.equal(5);
  });
});
