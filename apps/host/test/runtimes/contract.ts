import { randomUUID } from "node:crypto";
import type { ContainerRuntime, LaunchSpec, WorkspaceTemplate } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { failureOf, launchReady, patientCall, probeSpec, UNTIL_STOPPED } from "./probe.js";

/** A container runtime under test. */
export interface Subject {
  readonly runtime: ContainerRuntime;
  /** Runs `run.sh` of the launch's files. */
  readonly template: WorkspaceTemplate;
}

/** What every container runtime that runs anything has in common. Call it in a `describe`. */
export function itRunsWorkspaces(subject: () => Subject): void {
  const launched = new Set<string>();
  const spec = (script: string, changes: Partial<LaunchSpec> = {}): LaunchSpec => {
    const { runtime, template } = subject();
    const made = probeSpec(runtime, template, script, changes);
    launched.add(made.workspaceId);
    return made;
  };
  const observe = (workspaceId: string) => subject().runtime.observe(workspaceId, patientCall());

  afterEach(async () => {
    const { runtime } = subject();
    for (const id of launched) {
      await runtime.stop(id, patientCall());
      await runtime.removeVolumes(id, patientCall());
    }
    launched.clear();
  });

  it("is available", async () => {
    expect(await subject().runtime.check(patientCall().signal)).to.include({ available: true });
  });

  it("runs what it launches, in its environment, with its files in place", async () => {
    const { runtime, template } = subject();
    const made = spec(`cat "$WORKSPACE_CONFIG_PATH/note"; echo "greeting=$GREETING"\n${UNTIL_STOPPED}`, {
      env: { GREETING: "hello there" },
      files: [{ path: "/configs/note", mode: 0o600, content: "in place\n" }],
    });
    const result = await launchReady(runtime, made);
    expect(result.name).to.equal(`ws-${made.workspaceId.slice(0, 12)}`);
    expect(result.log).to.equal("in place\ngreeting=hello there\nready\n");
    const presence = await observe(made.workspaceId);
    expect(presence).to.include({ state: "present", running: true, attempt: 1, exitCode: null });
    expect(presence).to.include({ handle: result.handle });
    expect(await runtime.baseEnvironment(template, patientCall())).to.have.property("PATH");
  });

  it("keeps the modes and bytes of files, and makes the folders on their way", async () => {
    const { runtime } = subject();
    const made = spec(
      `cd "$WORKSPACE_CONFIG_PATH"; stat -c "%a %s %n" deep/er/tool .auth_token; wc -c < raw\n${UNTIL_STOPPED}`,
      {
        files: [
          { path: "/configs/deep/er/tool", mode: 0o755, content: "#!/bin/sh\r\n" },
          { path: "/configs/.auth_token", mode: 0o600, content: "token" },
          { path: "/configs/raw", mode: 0o644, content: new Uint8Array([0, 255, 13, 10]) },
        ],
      },
    );
    const { log } = await launchReady(runtime, made);
    expect(log).to.equal("755 11 deep/er/tool\n600 5 .auth_token\n4\nready\n");
  });

  it("takes variables of the base environment away", async () => {
    const { runtime } = subject();
    const made = spec(`echo "lang=[\${LANG-unset}]"\n${UNTIL_STOPPED}`, { unsetEnv: ["LANG"] });
    expect((await launchReady(runtime, made)).log).to.equal("lang=[unset]\nready\n");
  });

  for (const path of ["/configs/../../etc/evil", "configs/relative", "/configs/folder/", "/configs//twice"]) {
    it(`refuses the file path ${path}`, async () => {
      const made = spec(UNTIL_STOPPED, { files: [{ path, mode: 0o644, content: "" }] });
      const error = await failureOf(subject().runtime.launch(made, patientCall()));
      expect(error.code).to.equal("LAUNCH_FILE_REFUSED");
      expect(error.message).to.contain(JSON.stringify(path));
      expect(await observe(made.workspaceId)).to.deep.equal({ state: "absent" });
    });
  }

  it("knows nothing of a workspace that was never launched", async () => {
    const { runtime } = subject();
    const id = randomUUID();
    expect(await observe(id)).to.deep.equal({ state: "absent" });
    expect(await runtime.logs(id, 10, patientCall())).to.equal(null);
    await runtime.stop(id, patientCall());
    await runtime.removeVolumes(id, patientCall());
  });

  it("stops a workspace, and again where nothing is left", async () => {
    const { runtime } = subject();
    const made = spec(UNTIL_STOPPED);
    await launchReady(runtime, made);
    await runtime.stop(made.workspaceId, patientCall());
    expect(await observe(made.workspaceId)).to.deep.equal({ state: "absent" });
    await runtime.stop(made.workspaceId, patientCall());
  });

  it("keeps a workspace's storage from one attempt to the next, and not beyond its removal", async () => {
    const { runtime } = subject();
    const script = `cd "$WORKSPACE_CONFIG_PATH"; ls kept 2>/dev/null; touch kept\n${UNTIL_STOPPED}`;
    const first = spec(script);
    const launch = async (attempt: number) => (await launchReady(runtime, { ...first, attempt })).log;
    expect(await launch(1)).to.equal("ready\n");
    expect(await launch(2)).to.equal("kept\nready\n");
    await runtime.stop(first.workspaceId, patientCall());
    await runtime.removeVolumes(first.workspaceId, patientCall());
    expect(await launch(3)).to.equal("ready\n");
  });

  it("replaces older attempts", async () => {
    const { runtime } = subject();
    const made = spec(UNTIL_STOPPED);
    const first = await launchReady(runtime, made);
    const second = await launchReady(runtime, { ...made, attempt: 2 });
    expect(second.handle).not.to.equal(first.handle);
    expect(await observe(made.workspaceId)).to.include({ attempt: 2, running: true, handle: second.handle });
  });

  it("launches no attempt that was started before, nor one older than what runs", async () => {
    const { runtime } = subject();
    const made = spec(UNTIL_STOPPED, { attempt: 5 });
    const { handle } = await launchReady(runtime, made);
    for (const attempt of [5, 4]) {
      const error = await failureOf(runtime.launch({ ...made, attempt }, patientCall()));
      expect(error.code).to.equal("ATTEMPT_ALREADY_STARTED");
      expect(error.message).to.contain(`attempt ${attempt} of workspace ${made.workspaceId}`);
    }
    expect(await observe(made.workspaceId)).to.include({ attempt: 5, running: true, handle });
  });

  it("stops only attempts up to the one given", async () => {
    const { runtime } = subject();
    const made = spec(UNTIL_STOPPED, { attempt: 5 });
    await launchReady(runtime, made);
    await runtime.stop(made.workspaceId, { ...patientCall(), upToAttempt: 4 });
    expect(await observe(made.workspaceId)).to.include({ state: "present", running: true });
    await runtime.stop(made.workspaceId, { ...patientCall(), upToAttempt: 5 });
    expect(await observe(made.workspaceId)).to.deep.equal({ state: "absent" });
  });

  it("refuses to remove the storage of a workspace that runs", async () => {
    const { runtime } = subject();
    const made = spec(UNTIL_STOPPED);
    await launchReady(runtime, made);
    const error = await failureOf(runtime.removeVolumes(made.workspaceId, patientCall()));
    expect(error.code).to.equal("VOLUME_IN_USE");
    expect(error.message).to.contain(made.workspaceId);
    expect(await observe(made.workspaceId)).to.include({ running: true });
  });

  it("tells the exit code of a workspace that has ended", async () => {
    const { runtime } = subject();
    const made = spec("exit 7\n");
    await runtime.launch(made, patientCall());
    await eventually(async () => {
      expect(await observe(made.workspaceId)).to.include({ state: "present", running: false, exitCode: 7 });
      return true;
    });
  });

  it("gives as many of the log's last lines as it is asked for", async () => {
    const { runtime } = subject();
    const made = spec(`echo one; echo two\n${UNTIL_STOPPED}`);
    await launchReady(runtime, made);
    expect(await runtime.logs(made.workspaceId, 2, patientCall())).to.equal("two\nready\n");
    expect(await runtime.logs(made.workspaceId, 100, patientCall())).to.equal("one\ntwo\nready\n");
  });

  it("keeps what goes to standard error in the log as well", async () => {
    const { runtime } = subject();
    const made = spec(`echo trouble >&2\n${UNTIL_STOPPED}`);
    await launchReady(runtime, made);
    await eventually(async () => {
      expect(await runtime.logs(made.workspaceId, 100, patientCall())).to.contain("trouble\n");
      return true;
    });
  });

  it("launches nothing for a caller who has given up", async () => {
    const made = spec(UNTIL_STOPPED);
    const call = { ...patientCall(), signal: AbortSignal.abort(new Error("given up")) };
    const error = await failureOf(subject().runtime.launch(made, call));
    expect(error.message).to.equal("given up");
    expect(await observe(made.workspaceId)).to.deep.equal({ state: "absent" });
  });
}
