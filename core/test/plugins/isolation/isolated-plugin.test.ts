import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { advanceUntil, type PluginBench } from "../../support/plugins.js";
import { until } from "../../support/until.js";
import {
  benchPerTest,
  environment,
  failureIn,
  isolated,
  logged,
  moduleSource,
  NEXT,
  provision,
  workers,
} from "./isolated.js";

describe("IsolatedPlugin", () => {
  const boot = benchPerTest();

  /** A plugin that ends its worker when BAD is in the environment. */
  async function startExiting(): Promise<PluginBench> {
    return boot({
      acme: isolated("acme", 'if (env.has("BAD")) process.exit(1); env.set("ACME", "1");', {
        onError: "skip",
      }),
      next: NEXT,
    });
  }

  /** As {@link startExiting}; its setup does what `fault` says once there is a file broken.txt. */
  async function startBreakable(fault: string): Promise<{ bench: PluginBench; flag: string }> {
    const bench = await boot({
      acme: {
        source: moduleSource(
          "acme",
          `const { existsSync } = await import("node:fs");
           ctx.log.info("is set up");
           if (existsSync(ctx.manifestDir + "/broken.txt")) ${fault}
           ctx.envMutators.add({ name: "acme", mutate(env) { if (env.has("BAD")) process.exit(1); env.set("ACME", "1"); } });`,
        ),
        entry: { isolation: "worker", onError: "skip" },
      },
    });
    return { bench, flag: join(bench.manifest.dir, "broken.txt") };
  }

  it("is started again later each time, at once fails calls that would wait long, and starts afresh after a success", async () => {
    const bench = await startExiting();
    const { clock } = bench;
    for (const [index, delayMs] of [100, 200, 400, 800, 1_600].entries()) {
      await provision(bench, { BAD: "1" });
      await logged(bench, `it is started again in ${delayMs} ms`);
      if (delayMs > 1_000) {
        expect(failureIn(await provision(bench))).to.contain("it exited with code 1");
      }
      await clock.advance(delayMs);
      await logged(bench, "its worker runs again", index + 1);
    }
    expect(environment(await provision(bench))).to.deep.equal({ ACME: "1", NEXT: "1" });
    await provision(bench, { BAD: "1" });
    await logged(bench, "it is started again in 100 ms", 2);
  });

  it("waits no longer than 30 s for its next start", async () => {
    const bench = await startExiting();
    const { clock } = bench;
    for (let turn = 1; turn <= 10; turn += 1) {
      await provision(bench, { BAD: "1" });
      await logged(bench, "it is started again in ", turn);
      await clock.advance(30_000);
      await logged(bench, "its worker runs again", turn);
    }
    await logged(bench, "it is started again in 30000 ms", 1);
    expect(bench.errors().at(-1)?.message).to.contain("in 30000 ms");
  });

  it("tells why it could not be started again, and tries on", async () => {
    const { bench, flag } = await startBreakable('throw new Error("nothing works");');
    await writeFile(flag, "");
    await provision(bench, { BAD: "1" });
    await logged(bench, "it is started again in 100 ms");
    const waiting = provision(bench);
    await bench.clock.advance(100);
    expect(failureIn(await waiting)).to.equal(
      'plugin "acme": its worker ended: it could not be started again: plugin "acme": setup failed: nothing works',
    );
    await logged(bench, "nothing works; it is started again in 200 ms");
    await rm(flag);
    await bench.clock.advance(200);
    expect(environment(await provision(bench))).to.deep.equal({ ACME: "1" });
  });

  it("is killed when a restart hangs, and tried again", async () => {
    const { bench, flag } = await startBreakable("for (;;);");
    await writeFile(flag, "");
    await provision(bench, { BAD: "1" });
    await logged(bench, "it is started again in 100 ms");
    await bench.clock.advance(100);
    await logged(bench, "is set up", 2);
    await bench.clock.advance(10_000);
    await logged(bench, "setup did not finish within 10000 ms");
    await logged(bench, "it is started again in 200 ms");
    await rm(flag);
    await bench.clock.advance(200);
    expect(environment(await provision(bench))).to.deep.equal({ ACME: "1" });
  });

  const broken = [
    ["throws in setup", 'throw new Error("not today");', "PLUGIN_SETUP_FAILED", "setup failed: not today"],
    ["exits in setup", "process.exit(9);", "PLUGIN_WORKER_CRASHED", "it exited with code 9"],
    [
      "exhausts its memory in setup",
      "const kept = []; for (;;) kept.push(new Array(10_000).fill(Math.random()));",
      "PLUGIN_WORKER_CRASHED",
      "24 MB of memory",
    ],
    [
      "spins in setup",
      'ctx.log.info("is set up"); for (;;);',
      "PLUGIN_SETUP_TIMEOUT",
      "did not finish within 10000 ms",
    ],
  ] as const;
  for (const [title, body, code, told] of broken) {
    it(`is failed, with nothing left of it, when it ${title}`, async () => {
      const bench = await boot(
        {
          acme: { source: moduleSource("acme", body), entry: { isolation: "worker", memoryMb: 24 } },
          next: NEXT,
        },
        { boot: false },
      );
      const booted = bench.kernel.boot("storage");
      if (title === "spins in setup") {
        await logged(bench, "is set up");
        await bench.clock.advance(10_000);
      }
      await booted;
      expect(bench.states()).to.deep.equal(["acme failed", "next enabled"]);
      expect(bench.status("acme").error?.code).to.equal(code);
      expect(bench.status("acme").error?.message).to.contain(told);
      expect(workers()).to.equal(0);
      await bench.clock.advance(60_000);
      expect(workers()).to.equal(0);
    });
  }

  it("is failed when its module spins at import, and killed", async () => {
    const bench = await boot(
      { acme: { source: "for (;;);", entry: { isolation: "worker" } }, next: NEXT },
      { boot: false },
    );
    const booted = bench.kernel.boot("storage");
    await until(() => workers() > 0, "the worker");
    await bench.clock.advance(30_000);
    await booted;
    expect(bench.states()).to.deep.equal(["acme failed", "next enabled"]);
    expect(bench.status("acme").error?.message).to.contain("it did not finish within 30000 ms");
    expect(workers()).to.equal(0);
  });

  it("tells what ended its worker between import and setup", async () => {
    const source = `process.nextTick(() => setImmediate(() => process.exit(5)));\n${moduleSource("acme", "await new Promise(() => undefined);")}`;
    const bench = await boot({ acme: { source, entry: { isolation: "worker" } } });
    expect(bench.status("acme").error?.message).to.equal(
      'plugin "acme": its worker ended: it exited with code 5',
    );
  });

  it("waits for the running calls at a disable, runs the disposers there, last in first out, and leaves no worker", async () => {
    const made = await boot({
      acme: {
        source: moduleSource(
          "acme",
          `for (const n of [1, 2]) ctx.onDispose(async () => { await null; ctx.log.info("disposes " + n); });
           ctx.signal.addEventListener("abort", () => ctx.log.info("aborted"));
           ctx.envMutators.add({ name: "acme", async mutate(env) { await pause(50); env.set("ACME", "1"); ctx.log.info("call ends"); } });`,
        ),
        entry: { isolation: "worker" },
      },
    });
    const running = provision(made);
    const status = await made.kernel.plugins.toggle("acme", false);
    expect(status.state).to.equal("disabled");
    expect(environment(await running)).to.deep.equal({ ACME: "1" });
    const order = ["call ends", "aborted", "disposes 2", "disposes 1"];
    expect(made.log.lines.map(({ message }) => message).filter((text) => order.includes(text))).to.deep.equal(
      order,
    );
    expect(workers()).to.equal(0);
    expect(made.kernel.registries.envMutators.names()).to.deep.equal([]);
    expect(made.clock.pendingTimers).to.equal(0);
  });

  it("leaves nothing after 20 toggles under running chains", async () => {
    const made = await boot({ acme: isolated("acme", 'await pause(1); env.set("ACME", "1");'), next: NEXT });
    const { plugins } = made.kernel;
    for (let turn = 0; turn < 20; turn += 1) {
      const running = [provision(made), provision(made)];
      await plugins.toggle("acme", turn % 2 === 1);
      for (const result of await Promise.all(running)) expect(environment(result)?.NEXT).to.equal("1");
    }
    expect(made.status("acme").state).to.equal("enabled");
    expect(workers()).to.equal(1);
    expect(environment(await provision(made))).to.deep.equal({ ACME: "1", NEXT: "1" });
  });

  it("tells which disposers failed, and ends the worker all the same", async () => {
    const made = await boot({
      acme: {
        source: moduleSource(
          "acme",
          'for (const n of [1, 2]) ctx.onDispose(() => { throw new Error("no " + n); });',
        ),
        entry: { isolation: "worker" },
      },
    });
    const status = await made.kernel.plugins.toggle("acme", false);
    expect([status.state, status.error?.code]).to.deep.equal(["failed", "PLUGIN_DISPOSE_FAILED"]);
    expect(status.error?.message).to.contain("no 2; no 1");
    expect(workers()).to.equal(0);
  });

  it("kills the worker when a disposer there never ends", async () => {
    const made = await boot({
      acme: {
        source: moduleSource("acme", "ctx.onDispose(() => { for (;;); });"),
        entry: { isolation: "worker" },
      },
    });
    const status = await advanceUntil(made.clock, made.kernel.plugins.toggle("acme", false));
    expect(status.error?.message).to.contain("disposers did not finish within 10000 ms");
    await until(() => workers() === 0, "the worker's end");
  });

  it("is stopped while its worker is being started again", async () => {
    const made = await boot({ acme: isolated("acme", "process.exit(1);", { onError: "skip" }) });
    await provision(made);
    await logged(made, "it is started again in 100 ms");
    const status = await made.kernel.plugins.toggle("acme", false);
    expect([status.state, made.clock.pendingTimers]).to.deep.equal(["disabled", 0]);
    await made.clock.advance(60_000);
    expect(workers()).to.equal(0);
  });
});
