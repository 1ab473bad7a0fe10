import { expect } from "chai";
import { Limiter } from "../../dist/workspaces/limiter.js";

describe("Limiter", () => {
  it("never runs more than its number at a time, and runs all of them in order", async () => {
    const limiter = new Limiter(3);
    const started: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        limiter.run(async () => {
          started.push(index);
          running += 1;
          most = Math.max(most, running);
          await new Promise(setImmediate);
          running -= 1;
        }),
      ),
    );
    expect(most).to.equal(3);
    expect(started).to.deep.equal(Array.from({ length: 20 }, (_, index) => index));
  });

  it("gives the place of a failed job to the next one", async () => {
    const limiter = new Limiter(1);
    const failed = limiter.run(() => Promise.reject(new Error("no"))).catch(() => "failed");
    const next = limiter.run(() => Promise.resolve("done"));
    expect([await failed, await next]).to.deep.equal(["failed", "done"]);
  });

  it("drops a job that is given up while it waits, and lets the others in", async () => {
    const limiter = new Limiter(1);
    let end: () => void = () => undefined;
    const first = limiter.run(() => new Promise<void>((resolve) => (end = resolve)));
    const giveUp = new AbortController();
    const begun: string[] = [];
    const job = (name: string) => () => {
      begun.push(name);
      return Promise.resolve(name);
    };
    const dropped = limiter.run(job("dropped"), giveUp.signal).catch((error: unknown) => error);
    const waits = limiter.run(job("waits"), new AbortController().signal);
    const reason = new Error("nobody wants it any more");
    giveUp.abort(reason);
    expect(await dropped).to.equal(reason);
    expect(await limiter.run(job("late"), giveUp.signal).catch((error: unknown) => error)).to.equal(reason);
    end();
    await first;
    expect(await waits).to.equal("waits");
    expect(await limiter.run(job("after"))).to.equal("after");
    expect(begun).to.deep.equal(["waits", "after"]);
  });
});
