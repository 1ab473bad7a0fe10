import { expect } from "chai";
import {
  BootReport,
  type BootEntry,
  type BootStage,
  type BootTask,
  type BootTaskContext,
  type EnvOrigin,
} from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { BootTaskRegistry } from "../../../dist/src/hooks/boot-tasks/registry.js";
import { runBootStage } from "../../../dist/src/hooks/boot-tasks/run-stage.js";
import { BOOT_STAGES } from "../../../dist/src/hooks/boot-tasks/types.js";
import { codedFailureOf } from "../../support/failures.js";

describe("runBootStage", () => {
  let clock: ManualClock;
  let log: RecordingLogger;
  let report: BootReport;
  let registry: BootTaskRegistry;
  let env: Record<string, string | undefined>;
  let origins: Map<string, EnvOrigin>;
  const never = (): Promise<void> => new Promise(() => undefined);

  beforeEach(() => {
    clock = new ManualClock();
    log = new RecordingLogger();
    report = new BootReport();
    registry = new BootTaskRegistry();
    env = {};
    origins = new Map();
  });

  function add(task: Partial<BootTask> & Pick<BootTask, "name" | "run">, plugin = "acme", order = 1): void {
    registry.add({ stage: "storage", ...task }, { plugin, version: "1.0.0", order });
  }

  function runStage(stage: BootStage = "storage", signal = new AbortController().signal): Promise<void> {
    return runBootStage(stage, registry.ofStage(stage), {
      env,
      cwd: "/srv",
      origins,
      clock,
      log,
      report,
      signal,
    });
  }

  const outcomes = () =>
    report.entries().map(({ name, outcome, detail }: BootEntry) => `${name} ${outcome}: ${detail ?? ""}`);

  it("runs just its own stage's tasks, one after the other, in the order of their plugins", async () => {
    const calls: string[] = [];
    const task = (name: string, stage: BootStage = "storage") => ({
      name,
      stage,
      run: async () => {
        calls.push(`${name} starts`);
        await Promise.resolve();
        calls.push(`${name} ends`);
      },
    });
    add(task("second"), "b", 2);
    add(task("other", "ready"), "a", 1);
    add(task("first"), "a", 1);
    await runStage();
    expect(calls).to.deep.equal(["first starts", "first ends", "second starts", "second ends"]);
    expect(BOOT_STAGES).to.deep.equal(["env", "storage", "ready"]);
  });

  it("puts each task in the boot tree with its time and its remark", async () => {
    add({ name: "open", run: () => "embedded database" });
    const wait: BootTask["run"] = () =>
      new Promise((resolve) => {
        clock.timer(() => {
          resolve();
        }, 12);
      });
    add({ name: "wait", run: wait });
    const stage = runStage();
    await clock.advance(12);
    await stage;
    expect(report.entries()).to.deep.equal([
      { stage: "storage", name: "open", durationMs: 0, outcome: "ok", detail: "embedded database" },
      { stage: "storage", name: "wait", durationMs: 12, outcome: "ok", detail: undefined },
    ]);
  });

  it("gives a task the environment to fill, and a log that names it and its plugin", async () => {
    add({
      name: "fill",
      run: (ctx) => {
        ctx.env.PORT = "1";
        ctx.log.info("filled");
      },
    });
    await runStage();
    expect(env).to.deep.equal({ PORT: "1" });
    expect(log.lines).to.deep.equal([
      { level: "info", message: "filled", fields: { plugin: "acme", task: "fill" } },
    ]);
  });

  for (const [how, run] of [
    [
      "throws",
      () => {
        throw new Error("no server");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no server"))],
  ] as const) {
    it(`logs an optional task that ${how}, and goes on`, async () => {
      add({ name: "bad", run });
      add({ name: "good", run: () => undefined });
      await runStage();
      const text = 'boot task "bad" (plugin "acme", stage storage) failed: no server';
      expect(outcomes()).to.deep.equal([`bad failed: ${text}`, "good ok: "]);
      expect(log.lines).to.deep.equal([
        { level: "warn", message: text, fields: { task: "bad", plugin: "acme", stage: "storage" } },
      ]);
    });

    it(`ends the stage with a required task that ${how}`, async () => {
      add({ name: "bad", required: true, run });
      add({ name: "good", run: () => undefined });
      const error = await codedFailureOf(() => runStage());
      expect(error.code).to.equal("BOOT_TASK_FAILED");
      expect(error.message).to.equal('boot task "bad" (plugin "acme", stage storage) failed: no server');
      expect(error.cause).to.have.property("message", "no server");
      expect(outcomes()).to.deep.equal([`bad failed: ${error.message}`]);
    });
  }

  it("aborts a task that hangs after its own time, or after 30 s", async () => {
    const signals: AbortSignal[] = [];
    const run: BootTask["run"] = ({ signal }) => {
      signals.push(signal);
      return never();
    };
    add({ name: "short", timeoutMs: 50, run });
    add({ name: "usual", run });
    const stage = runStage();
    await clock.advance(50);
    expect(signals[0]?.reason).to.have.property("code", "BOOT_TASK_TIMEOUT");
    await clock.advance(29_999);
    expect(signals[1]?.aborted).to.be.false;
    await clock.advance(1);
    await stage;
    expect(outcomes()).to.deep.equal([
      'short failed: boot task "short" (plugin "acme", stage storage) did not finish within 50 ms',
      'usual failed: boot task "usual" (plugin "acme", stage storage) did not finish within 30000 ms',
    ]);
    expect(clock.pendingTimers).to.equal(0);
  });

  it("ends the stage with the timeout of a required task", async () => {
    add({ name: "hung", required: true, timeoutMs: 50, run: never });
    const failure = codedFailureOf(() => runStage());
    await clock.advance(50);
    expect((await failure).code).to.equal("BOOT_TASK_TIMEOUT");
  });

  it("aborts the running task when boot is given up", async () => {
    const controller = new AbortController();
    add({ name: "hung", required: true, run: never });
    const failure = codedFailureOf(() => runStage("storage", controller.signal));
    controller.abort(new Error("the host stops"));
    expect((await failure).message).to.equal(
      'boot task "hung" (plugin "acme", stage storage) failed: the host stops',
    );
  });

  describe("in stage env", () => {
    const PLACES = { stage: "env" } as const;

    it("notes which plugin set what, and lets a later task take a variable over or remove it", async () => {
      env = { HOME: "/root", OLD: "1", SAME: "1" };
      add({
        ...PLACES,
        name: "file",
        source: ".env file",
        run: (ctx) => void Object.assign(ctx.env, { A: "1", B: "1", SAME: "1", GONE: "1" }),
      });
      const run: BootTask["run"] = (ctx) => {
        expect(ctx.env.A).to.equal("1");
        ctx.env.B = "2";
        delete ctx.env.GONE;
        ctx.env.OLD = undefined;
      };
      add({ ...PLACES, name: "remote", run }, "vault", 2);
      await runStage("env");
      expect(env).to.deep.equal({ HOME: "/root", SAME: "1", A: "1", B: "2" });
      expect([...origins]).to.deep.equal([
        ["A", { plugin: "acme", source: ".env file" }],
        ["B", { plugin: "vault", source: null }],
      ]);
    });

    it("drops every edit of a task that fails, and those that come too late", async () => {
      let late: BootTaskContext | undefined;
      add({
        ...PLACES,
        name: "half",
        run: (ctx) => {
          ctx.env.HALF = "done";
          throw new Error("no server");
        },
      });
      add({
        ...PLACES,
        name: "hung",
        timeoutMs: 50,
        run: (ctx) => {
          late = ctx;
          return never();
        },
      });
      const stage = runStage("env");
      await clock.advance(50);
      await stage;
      if (late !== undefined) late.env.LATE = "1";
      expect(env).to.deep.equal({});
      expect([...origins]).to.deep.equal([]);
    });
  });
});
