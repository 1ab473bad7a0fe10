import { expect } from "chai";
import { field } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import type { RunningHost } from "../support/host.js";
import { hostWith, loopOf } from "./plugins.js";

function loop(name: string, tick: string, intervalMs = 100): { setup: string } {
  const figures = `intervalMs: ${intervalMs}, timeoutMs: 300, runAtStart: true`;
  return { setup: `ctx.loops.add({ name: "${name}", ${figures}, async tick({ signal }) { ${tick} } });` };
}

describe("faults.md 36: bad loops", function () {
  this.timeout(120_000);

  let host: RunningHost;

  before(async () => {
    host = await hostWith({
      throws: loop("throws", 'throw new Error("no luck");'),
      hangs: loop("hangs", "await new Promise(() => undefined);"),
      heeds: loop(
        "heeds",
        "await new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));",
      ),
      blocks: loop("blocks", "for (const end = Date.now() + 400; Date.now() < end; ) ;", 500),
      good: loop("good", ""),
    });
  });

  after(async () => {
    expect(await host.stop()).to.equal(0);
  });

  const untilLoop = (name: string, what: string, holds: (status: unknown) => boolean) =>
    eventually(
      async () => {
        const status = await loopOf(host, name);
        return holds(status) ? status : undefined;
      },
      { what: `loop ${name} ${what}`, timeoutMs: 60_000 },
    );
  const failures = (status: unknown) => Number(field(status, "consecutive_failures"));

  it("one that throws every time is backed off, and its error is shown", async () => {
    const status = await untilLoop("throws", "has failed 4 times", (each) => failures(each) >= 4);
    expect(field(status, "last_error")).to.equal("no luck");
    const { ticks, seconds } = await tickRate("throws");
    expect(ticks, "ticks within that time; unbounded, there would be ten a second").to.be.at.most(
      seconds + 1,
    );
  });

  it("one that never resolves, and one that heeds its abort, are told as timed out", async () => {
    for (const name of ["hangs", "heeds"]) {
      const status = await untilLoop(name, "has failed", (each) => failures(each) >= 1);
      expect(field(status, "last_error")).to.contain("aborted after 300 ms");
    }
    // A second tick beside the one that ignores its abort would overlap it.
    expect(failures(await loopOf(host, "hangs"))).to.equal(1);
  });

  it("are visible in readiness, while the host serves", async () => {
    // The good one is among them for a moment when the host has stood still.
    await eventually(
      async () => {
        const ready = await host.api("GET", "/ready");
        expect(ready.status).to.equal(503);
        expect(ready.text).to.contain("throws").and.contain("hangs").and.not.contain("good");
        return true;
      },
      { what: "the host is not ready, for the bad loops alone", timeoutMs: 60_000 },
    );
    expect((await host.api("GET", "/health")).status).to.equal(200);
  });

  it("leave the others ticking, also one that blocks", async () => {
    for (const name of ["good", "blocks"]) {
      const before = field(await loopOf(host, name), "last_tick_at");
      await untilLoop(name, "ticks on", (each) => field(each, "last_tick_at") !== before);
    }
  });

  /** How often a loop ticks in some seconds. */
  async function tickRate(name: string) {
    const seconds = 3;
    const count = async () => failures(await loopOf(host, name));
    const before = await count();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    return { ticks: (await count()) - before, seconds };
  }
});
