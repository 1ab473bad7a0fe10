import { silentLogger, type AttemptPresence, type ContainerReplacement } from "@molecule/core";
import { ManualClock } from "@molecule/core/testing";
import { expect } from "chai";
import { passGate, type GateVerdict } from "../../dist/images/gate.js";
import type { WorkspaceStatus } from "../../dist/storage/schema.js";

const TIMES = { gateMs: 20_000, soakMs: 5_000 };
const LOOK_MS = 250;
/** Room for the engine that goes away again and again. */
const LIMIT_MS = 600_000;

const RUNNING: AttemptPresence = {
  state: "present",
  running: true,
  handle: "c1",
  exitCode: null,
  restarts: 0,
  imageId: "sha256:1",
  optsOut: false,
};
const ENDED: AttemptPresence = { ...RUNNING, running: false, exitCode: 137 };
const AWAY: AttemptPresence = { state: "unknown", reason: "the engine can't be reached" };

/** What one look finds. */
type Look = readonly [AttemptPresence, WorkspaceStatus];

/** Looks through the gate; `script` says what is found at a time in ms. */
async function gate(script: (ms: number) => Look, unwatched = false) {
  const clock = new ManualClock();
  const subject = {
    workspaceId: "w",
    attempt: 2,
    status: () => Promise.resolve(script(clock.monotonic())[1]),
    unwatched,
  };
  const replacement: Pick<ContainerReplacement, "observeAttempt"> = {
    observeAttempt: () => Promise.resolve(script(clock.monotonic())[0]),
  };
  const call = { signal: new AbortController().signal, log: silentLogger };
  let verdict: GateVerdict | undefined;
  const passing = passGate(subject, TIMES, { replacement, clock }, call).then((found) => (verdict = found));
  while (verdict === undefined && clock.monotonic() < LIMIT_MS) await clock.advance(LOOK_MS);
  await passing;
  if (verdict === undefined) throw new Error("the gate gives a verdict");
  const told = verdict.kind === "passed" ? null : verdict.error.message;
  return { ...verdict, told, tookMs: clock.monotonic() };
}

describe("passGate", () => {
  it("lets a container pass that has registered and run on for its soak", async () => {
    const verdict = await gate((ms) => [RUNNING, ms < 1_000 ? "provisioning" : "online"]);
    expect(verdict).to.include({ kind: "passed", tookMs: 1_000 + TIMES.soakMs });
  });

  it("blames the image of a container that ends, that the engine has to start again, or that never registers", async () => {
    const ended = await gate((ms) => [ms < 2_000 ? RUNNING : ENDED, "online"]);
    expect(ended).to.include({ kind: "failed", imageFault: true, tookMs: 2_000 });
    const again = await gate((ms) => [ms < 2_000 ? RUNNING : { ...RUNNING, restarts: 1 }, "online"]);
    expect(again).to.include({ kind: "failed", imageFault: true, tookMs: 2_000 });
    const silent = await gate(() => [RUNNING, "provisioning"]);
    expect(silent).to.include({ kind: "failed", imageFault: true, tookMs: TIMES.gateMs });
  });

  it("calls a container lost, and no image bad, that does not run since the engine was away", async () => {
    const script = (ms: number): Look => [ms < 1_000 ? RUNNING : ms < 4_000 ? AWAY : ENDED, "online"];
    const verdict = await gate(script);
    expect(verdict).to.include({
      kind: "lost",
      tookMs: 4_000,
      told: "its container ended with exit code 137",
    });
    expect(await gate(() => [ENDED, "online"], true), "nobody was looking").to.include({ kind: "lost" });
  });

  it("begins anew with a container that the engine has started again after it was away", async () => {
    const verdict = await gate((ms) => [
      ms < 3_000 ? RUNNING : ms < 4_000 ? AWAY : { ...RUNNING, restarts: 3 },
      "online",
    ]);
    expect(verdict).to.include({ kind: "passed", tookMs: 4_000 + TIMES.soakMs });
    const ends = await gate((ms) => [ms < 3_000 ? AWAY : ms < 4_000 ? RUNNING : ENDED, "online"]);
    expect(ends).to.include({ kind: "failed", imageFault: true, tookMs: 4_000 });
  });

  it("gives up an engine that stays away, and is not held up for ever by one that comes and goes", async () => {
    const away = await gate(() => [AWAY, "provisioning"]);
    expect(away).to.include({ kind: "failed", imageFault: false, tookMs: TIMES.gateMs });
    const flickers = await gate((ms) => [ms % 1_000 < 500 ? RUNNING : AWAY, "provisioning"]);
    expect(flickers.kind).to.equal("failed");
    expect(flickers.tookMs).to.be.below(2 * TIMES.gateMs);
  });

  it("says that a container is gone which somebody has removed", async () => {
    const verdict = await gate(() => [{ state: "absent" }, "provisioning"]);
    expect(verdict).to.include({
      kind: "failed",
      imageFault: false,
      told: "its container was removed by somebody else",
    });
  });
});
