import { randomUUID } from "node:crypto";
import { chmod, lstat, mkdir, readFile, realpath, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Clock, type LaunchSpec } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { ProcessRuntime } from "../../../dist/runtimes/process/process-runtime.js";
import {
  failureOf,
  launchReady,
  logWith,
  patientCall,
  PROBE_COMMAND,
  probeSpec,
  UNTIL_STOPPED,
} from "../probe.js";

describe("process runtime: on this machine", () => {
  let dataDir: string;
  let log: RecordingLogger;
  let runtimes: ProcessRuntime[];
  beforeEach(async () => {
    dataDir = await tempDir();
    log = new RecordingLogger();
    runtimes = [];
  });
  afterEach(async () => {
    await Promise.all(runtimes.map((each) => each.close()));
  });

  function open(clock: Clock = systemClock): ProcessRuntime {
    const hostEnv = { PATH: process.env.PATH, LANG: "de_DE.UTF-8", SECRET_OF_THE_HOST: "hunter2" };
    const runtime = new ProcessRuntime({
      dataDir,
      hostId: "host",
      manifestDir: dataDir,
      hostEnv,
      clock,
      log,
    });
    runtimes.push(runtime);
    return runtime;
  }
  const spec = (runtime: ProcessRuntime, script: string, changes: Partial<LaunchSpec> = {}) =>
    probeSpec(runtime, { name: "probe", command: PROBE_COMMAND }, script, { tier: 3, ...changes });

  it("shows no log of a process that an earlier host has launched: its secrets are not known any more", async () => {
    const [first, second] = [open(), open()];
    const made = spec(first, UNTIL_STOPPED);
    await launchReady(first, made);
    await first.close();
    expect(await first.logs(made.workspaceId, 10)).to.contain("ready\n");
    expect(await second.logs(made.workspaceId, 10)).to.equal(null);
    expect(await second.launchedWith()).to.equal(null);
  });

  it("gives the process its environment and nothing of the host's own", async () => {
    const runtime = open();
    const command = ["node", "-e", "console.log(JSON.stringify(process.env))"];
    const template = { name: "env", command };
    const made = probeSpec(runtime, template, "", {
      tier: 3,
      env: { ODD: "a=b c\n'\"", "not-a-name": "x" },
      unsetEnv: ["LANG"],
    });
    const { notices } = await runtime.launch(made, patientCall());
    const root = join(dataDir, "workspaces", made.workspaceId, "root");
    // Node gives NODE_V8_COVERAGE to every child of a process whose coverage is measured.
    const seen: unknown = JSON.parse(
      await logWith(runtime, made.workspaceId, "}\n"),
      (key, value: unknown) => (key === "NODE_V8_COVERAGE" ? undefined : value),
    );
    expect(seen).to.deep.equal({
      PATH: process.env.PATH,
      AGENT_PORT: "0",
      HOME: join(root, "home"),
      TMPDIR: join(root, "tmp"),
      WORKSPACE_CONFIG_PATH: join(root, "configs"),
      ODD: "a=b c\n'\"",
    });
    expect(notices).to.deep.equal([
      "not given to the local process: not-a-name; only letters, digits and _ may stand in the name of a variable there",
    ]);
    expect(await runtime.baseEnvironment(template)).to.deep.equal({
      PATH: process.env.PATH,
      LANG: "de_DE.UTF-8",
      AGENT_PORT: "0",
    });
  });

  it("hands no descriptor of the host on", async () => {
    const runtime = open();
    const { log: said } = await launchReady(
      runtime,
      spec(runtime, `[ -e /dev/fd/3 ] && echo open\n${UNTIL_STOPPED}`),
    );
    expect(said).to.equal("ready\n");
  });

  it("runs in the workspace's folder, or in the one that the caller names", async () => {
    const runtime = open();
    const made = spec(runtime, `pwd -P\n${UNTIL_STOPPED}`);
    const root = runtime.fileRoot(made.workspaceId);
    expect((await launchReady(runtime, made)).log).to.equal(`${await realpath(root)}/workspace\nready\n`);
    const path = await realpath(await tempDir());
    const again = await launchReady(runtime, { ...made, attempt: 2, workspaceDir: { path, readOnly: true } });
    expect(again.log).to.equal(`${path}\nready\n`);
    expect(again.notices).to.deep.equal([
      `a local process can write where its user can: ${path} is not read-only to it`,
    ]);
  });

  it("refuses a folder that is not there", async () => {
    const runtime = open();
    const workspaceDir = { path: join(dataDir, "missing"), readOnly: false };
    const error = await failureOf(runtime.launch(spec(runtime, "", { workspaceDir }), patientCall()));
    expect(error.code).to.equal("WORKSPACE_DIR_UNUSABLE");
    expect(error.message).to.contain(workspaceDir.path).and.to.contain("ENOENT");
  });

  it("says that the limits of the tight tiers do not hold", async () => {
    const runtime = open();
    const notices = async (tier: 2 | 3) =>
      (await launchReady(runtime, spec(runtime, UNTIL_STOPPED, { tier }))).notices;
    expect(await notices(2)).to.deep.equal([
      "a local process is not isolated: the limits of tier 2 do not hold",
    ]);
    expect(await notices(3)).to.deep.equal([]);
  });

  it("tells the process by this host's id, and has no address for it", async () => {
    const runtime = open();
    const { handle, url } = await launchReady(runtime, spec(runtime, UNTIL_STOPPED));
    expect(handle).to.match(/^host\/\d+$/);
    expect(url).to.equal(null);
  });

  it("finds the program beside the manifest, and its arguments too", async () => {
    const runtime = open();
    await writeFile(join(dataDir, "agent"), '#!/bin/sh\necho "$0 $1 $2"\n');
    await chmod(join(dataDir, "agent"), 0o755);
    const made = probeSpec(runtime, { name: "beside", command: ["./agent", "./data", "plain"] }, "");
    await runtime.launch(made, patientCall());
    expect(await logWith(runtime, made.workspaceId, "\n")).to.equal(
      `${dataDir}/agent ${dataDir}/data plain\n`,
    );
  });

  for (const [program, why] of [
    ["no-such-program", "is not on the PATH"],
    ["./no-such-program", "is not beside the manifest"],
    ["./plain-file", "may not be executed"],
    ["./workspaces", "is a folder"],
  ] as const) {
    it(`refuses a program that ${why}, and starts nothing`, async () => {
      const runtime = open();
      await writeFile(join(dataDir, "plain-file"), "");
      await mkdir(join(dataDir, "workspaces"), { recursive: true });
      const made = probeSpec(runtime, { name: "wrong", command: [program] }, "");
      const error = await failureOf(runtime.launch(made, patientCall()));
      expect(error.code).to.equal("COMMAND_NOT_FOUND");
      expect(error.message).to.contain(JSON.stringify(program)).and.to.contain('template "wrong"');
      expect(await runtime.observe(made.workspaceId)).to.deep.equal({ state: "absent" });
    });
  }

  it("says which template lacks a command", async () => {
    const runtime = open();
    for (const template of [{ name: "bare" }, { name: "bare", command: [] }]) {
      const error = await failureOf(runtime.launch(probeSpec(runtime, template, ""), patientCall()));
      expect(error.message).to.contain('the workspace template "bare" has no command');
    }
  });

  for (const id of ["../../etc", "", "ws-1"]) {
    it(`makes no folder for the workspace id ${JSON.stringify(id)}`, async () => {
      const runtime = open();
      expect(() => runtime.fileRoot(id)).to.throw("allowed: a UUID");
      expect((await failureOf(runtime.removeVolumes(id))).code).to.equal("WORKSPACE_ID_REFUSED");
      await stat(dataDir);
    });
  }

  it("keeps the workspace's folder from other users", async () => {
    const runtime = open();
    const made = spec(runtime, UNTIL_STOPPED);
    await launchReady(runtime, made);
    const folder = join(dataDir, "workspaces", made.workspaceId);
    expect((await stat(folder)).mode & 0o777).to.equal(0o700);
  });

  it("puts a file in place of a link, and not where that leads", async () => {
    const runtime = open();
    const made = spec(runtime, UNTIL_STOPPED, {
      files: [{ path: "/configs/token", mode: 0o600, content: "secret" }],
    });
    const configs = join(runtime.fileRoot(made.workspaceId), "configs");
    const elsewhere = join(dataDir, "elsewhere");
    await mkdir(configs, { recursive: true });
    await writeFile(elsewhere, "untouched");
    await symlink(elsewhere, join(configs, "token"));
    await launchReady(runtime, made);
    expect((await lstat(join(configs, "token"))).isFile()).to.equal(true);
    expect(await readFile(elsewhere, "utf8")).to.equal("untouched");
  });

  it("drops the agent's sessions on a reset only", async () => {
    const runtime = open();
    const made = spec(
      runtime,
      `cd; ls .claude/sessions 2>/dev/null; mkdir -p .claude/sessions/one\n${UNTIL_STOPPED}`,
    );
    const launch = async (attempt: number, resetSession: boolean) =>
      (await launchReady(runtime, { ...made, attempt, resetSession })).log;
    expect(await launch(1, false)).to.equal("ready\n");
    expect(await launch(2, false)).to.equal("one\nready\n");
    expect(await launch(3, true)).to.equal("ready\n");
  });

  it("kills after five seconds a process that ignores being told to end, and what that has started", async () => {
    const clock = new ManualClock();
    const runtime = open(clock);
    const made = spec(runtime, "trap '' TERM\nsleep 1000 &\necho $! ready\nwhile :; do sleep 0.05; done\n");
    const { log: said } = await launchReady(runtime, made);
    const stopping = runtime.stop(made.workspaceId, patientCall());
    await clock.advance(4999);
    expect(await runtime.observe(made.workspaceId)).to.include({ running: true });
    await clock.advance(1);
    await stopping;
    expect(await runtime.observe(made.workspaceId)).to.deep.equal({ state: "absent" });
    expect(clock.pendingTimers).to.equal(0);
    await eventually(async () => {
      const state = await readFile(`/proc/${parseInt(said, 10)}/stat`, "utf8").catch(() => "gone) X ");
      return /\) [ZX] /.test(state);
    });
  });

  it("goes on stopping for a caller who has given up", async () => {
    // On the machine's clock a busy one would kill it before it comes to end by itself.
    const runtime = open(new ManualClock());
    const made = spec(runtime, "trap 'sleep 0.2; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n");
    await launchReady(runtime, made);
    const caller = new AbortController();
    const stopping = failureOf(runtime.stop(made.workspaceId, { ...patientCall(), signal: caller.signal }));
    caller.abort(new Error("given up"));
    expect((await stopping).message).to.equal("given up");
    await eventually(async () => {
      expect(await runtime.observe(made.workspaceId)).to.include({ running: false, exitCode: 0 });
      return true;
    });
  });

  it("tells the signal that has ended a process in its exit code, and logs an end that nobody has asked for", async () => {
    const runtime = open();
    const made = spec(runtime, "kill -KILL $$\n");
    await runtime.launch(made, patientCall());
    await eventually(async () => {
      expect(await runtime.observe(made.workspaceId)).to.include({ running: false, exitCode: 137 });
      return true;
    });
    await eventually(() => log.lines.length === 1);
    expect(log.lines[0]).to.deep.include({ level: "warn", message: "a workspace's process has ended" });
    expect(log.lines[0]?.fields).to.deep.equal({ workspaceId: made.workspaceId, attempt: 1, exitCode: 137 });
  });

  it("ends every process when it is closed, and logs no end that was asked for", async () => {
    const runtime = open();
    const all = [1, 2, 3].map(() => spec(runtime, UNTIL_STOPPED));
    const handles = await Promise.all(all.map(async (each) => (await launchReady(runtime, each)).handle));
    await runtime.close();
    for (const handle of handles) {
      const pid = Number(handle.split("/")[1]);
      expect(() => process.kill(pid, 0)).to.throw("ESRCH");
    }
    expect(log.lines).to.deep.equal([]);
  });

  it("says what keeps it from preparing a workspace's folder", async () => {
    await writeFile(join(dataDir, "workspaces"), "in the way");
    const runtime = open();
    const error = await failureOf(
      runtime.launch(spec(runtime, "", { workspaceId: randomUUID() }), patientCall()),
    );
    expect(error.code).to.equal("WORKSPACE_FOLDER_UNUSABLE");
    expect(error.message).to.match(/EEXIST|ENOTDIR/);
  });
});
