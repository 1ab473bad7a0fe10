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
    now = 90_000;
    expect(seen(5, { attempt: 3, startedAt: 2000 })).to.equal(5);
  });

  it("is no further off, and no nearer, when the clock jumps before a pass has seen the provision", () => {
    let now = 0;
    const ages = new ProvisionAges(() => now);
    const provision = (workspaceId: string, ageSeconds: number) => ({
      workspaceId,
      attempt: 1,
      runtime: "demo",
      startedAt: 1000,
      ageSeconds,
    });
    // Of what this host has not watched from the start, only the database knows since when it runs.
    expect([...ages.observe([provision("found", 500)]).values()]).to.deep.equal([500]);
    now = 30_000;
    const forwards = [provision("found", 4_130), provision("new", 3_620)];
    expect([...ages.observe(forwards).values()]).to.deep.equal([530, 30]);
    now = 60_000;
    const backwards = [provision("new", 50), provision("newer", -3_580)];
    expect([...ages.observe(backwards).values()]).to.deep.equal([60, 0]);
  });
});
