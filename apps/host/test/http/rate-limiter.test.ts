import { expect } from "chai";
import { ManualClock } from "@molecule/core/testing";
import { RateLimiter } from "../../dist/http/rate-limiter.js";

describe("RateLimiter", () => {
  it("allows as many requests a minute as told, and says when the next ones are", async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(2, clock);
    expect(limiter.take("a")).to.deep.equal({ allowed: true, limit: 2, remaining: 1, resetSeconds: 60 });
    await clock.advance(15_500);
    expect(limiter.take("a")).to.deep.equal({ allowed: true, limit: 2, remaining: 0, resetSeconds: 45 });
    expect(limiter.take("a")).to.deep.equal({ allowed: false, limit: 2, remaining: 0, resetSeconds: 45 });
    await clock.advance(44_500);
    expect(limiter.take("a")).to.deep.equal({ allowed: true, limit: 2, remaining: 1, resetSeconds: 60 });
  });

  it("counts each client by itself", () => {
    const limiter = new RateLimiter(1, new ManualClock());
    expect(limiter.take("a").allowed).to.equal(true);
    expect(limiter.take("a").allowed).to.equal(false);
    expect(limiter.take("b").allowed).to.equal(true);
  });

  it("goes by time that passes, not by a clock that somebody sets", () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(1, clock);
    limiter.take("a");
    clock.jump(3_600_000);
    expect(limiter.take("a").allowed).to.equal(false);
  });

  it("forgets clients that came no more, so that it can't be filled up", async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(1, clock);
    for (let n = 0; n < 1000; n += 1) limiter.take(`client ${n}`);
    expect(limiter.size).to.equal(1000);
    await clock.advance(60_000);
    limiter.take("another");
    expect(limiter.size).to.equal(1);
  });
});
