import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "@molecule/test/support/eventually.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { failureOf, launchReady, patientCall, probeSpec, UNTIL_STOPPED } from "../probe.js";
import { DockerWorld } from "./world.js";

describe("docker runtime: what a launch makes in the engine", () => {
  let world: DockerWorld;
  before(async function () {
    world = await DockerWorld.open(this);
  });
  afterEach(() => world.removeRemains());
  after(() => world.cleanUp());

  const spec = (script: string, changes: Parameters<typeof probeSpec>[3] = {}) =>
    probeSpec(world.runtime, world.template, script, changes);

  it("labels the container and every volume", async () => {
    const made = spec(UNTIL_STOPPED, { attempt: 3 });
    await launchReady(world.runtime, made);
    const labels = {
      "molecule.platform.managed": "true",
      "molecule.platform.instance": world.instanceId,
      "molecule.workspace.id": made.workspaceId,
      "molecule.workspace.attempt": "3",
      "molecule.workspace.runtime": "probe",
    };
    const container = await world.inspect(made.workspaceId);
    expect(container.Name).to.equal(`/ws-${made.workspaceId.slice(0, 12)}`);
    expect(container.Config.Labels).to.deep.include(labels);
    const volumes = await world.volumesOf(made.workspaceId);
    expect(volumes).to.deep.equal(
      ["configs", "workspace"].map((each) => `${container.Name.slice(1)}-${each}`),
    );
    for (const name of volumes) {
      expect((await world.docker.getVolume(name).inspect()).Labels).to.deep.equal(labels);
    }
  });

  it("mounts the volumes, restarts unless stopped, and joins the network by the workspace's name", async () => {
    const made = spec(UNTIL_STOPPED, { name: "PMM Lead (EU)" });
    await launchReady(world.runtime, made);
    const { Mounts, HostConfig, NetworkSettings, Name } = await world.inspect(made.workspaceId);
    expect(Mounts.map((each) => [each.Type, each.Name, each.Destination, each.RW]).sort()).to.deep.equal([
      ["volume", `${Name.slice(1)}-configs`, "/configs", true],
      ["volume", `${Name.slice(1)}-workspace`, "/workspace", true],
    ]);
    expect(HostConfig.RestartPolicy?.Name).to.equal("unless-stopped");
    expect(NetworkSettings.Networks["molecule-net"]?.Aliases).to.include("pmm-lead-eu");
  });

  it("tells what a workspace was launched with, also another host and when its container has ended", async () => {
    const token = { path: "/configs/.auth_token", mode: 0o600, content: "the token of the launch\n" };
    const made = spec(UNTIL_STOPPED, { env: { ODD: "a=b\nc" }, files: [token] });
    await launchReady(world.runtime, made);
    const { Id } = await world.inspect(made.workspaceId);
    await world.docker.getContainer(Id).stop();
    const asked = [token.path, "/configs/not-there"];
    const launched = await world.runtime.launchedWith(made.workspaceId, asked, patientCall());
    expect(launched?.env).to.include({ ODD: "a=b\nc" });
    expect(launched?.files).to.deep.equal({ [token.path]: token.content });
    expect(await world.runtime.launchedWith(randomUUID(), asked, patientCall())).to.equal(null);
  });

  it("publishes the agent's port on this machine only, and tells where", async () => {
    const made = spec(`echo hello > /workspace/index.html\nhttpd -p 8000 -h /workspace\n${UNTIL_STOPPED}`);
    const { url } = await launchReady(world.runtime, made);
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { Ports } = (await world.inspect(made.workspaceId)).NetworkSettings;
    expect(Ports["8000/tcp"]?.map(({ HostIp }) => HostIp)).to.deep.equal(["127.0.0.1"]);
    const page = await eventually(async () => (await fetch(url ?? "")).text());
    expect(page).to.equal("hello\n");
    expect(await world.runtime.observe(made.workspaceId, patientCall())).to.include({ url });
  });

  it("lets the workspace find this machine by the platform's host name", async () => {
    const { log } = await launchReady(world.runtime, spec(`cat /etc/hosts\n${UNTIL_STOPPED}`));
    expect(log).to.match(new RegExp(`^\\d+\\.\\d+\\.\\d+\\.\\d+\\s+${world.runtime.platformHost}$`, "m"));
  });

  it("starts from the environment of the image", async () => {
    const base = await world.runtime.baseEnvironment(world.template, patientCall());
    expect(base).to.deep.equal({ PATH: "/bin", LANG: "C.UTF-8", FROM_IMAGE: "yes" });
    const { log } = await launchReady(world.runtime, spec(`echo "[$FROM_IMAGE]"\n${UNTIL_STOPPED}`));
    expect(log).to.contain("[yes]");
  });

  it("makes missing folders readable and leaves those that are there as they are", async () => {
    const made = spec(`stat -c "%a %n" /tmp /opt/new/folder\n${UNTIL_STOPPED}`, {
      files: [
        { path: "/opt/new/folder/file", mode: 0o644, content: "" },
        { path: "/tmp/file", mode: 0o644, content: "" },
      ],
    });
    expect((await launchReady(world.runtime, made)).log).to.contain("1777 /tmp\n755 /opt/new/folder\n");
  });

  for (const [kind, user, owner] of [
    ["a number", "1234", "1234 0"],
    ["numbers", "1234:2345", "1234 2345"],
    ["a name", "agent", "1000 1001"],
    ["names", "agent:staff", "1000 2000"],
    ["a name and a number", "agent:3000", "1000 3000"],
  ] as const) {
    it(`gives the files to the user that the image runs as: ${kind}`, async () => {
      const context = await tempDir();
      const image = world.image(`user-${user.replace(":", "-")}`);
      await writeFile(join(context, "passwd"), "root:x:0:0::/:/bin/sh\nagent:x:1000:1001::/:/bin/sh\n");
      await writeFile(join(context, "group"), "agent:x:1001:\nstaff:x:2000:agent\n");
      await writeFile(
        join(context, "Dockerfile"),
        `FROM ${world.engine.busybox}\nCOPY passwd group /etc/\nUSER ${user}\nCMD ["sh","/configs/run.sh"]\n`,
      );
      const template = { name: "user", image, build: { context } };
      const token = { path: "/configs/.auth_token", mode: 0o600, content: "token\n" };
      const script = `cat /configs/.auth_token\nstat -c "%u %g" /configs/.auth_token\n${UNTIL_STOPPED}`;
      const made = probeSpec(world.runtime, template, script, { files: [token] });
      expect((await launchReady(world.runtime, made)).log).to.equal(`token\n${owner}\nready\n`);
    });
  }

  it("leaves it to the engine to refuse an image that does not know its own user", async () => {
    const context = await tempDir();
    const image = world.image("nobody-knows");
    await writeFile(join(context, "Dockerfile"), `FROM ${world.engine.busybox}\nUSER ghost\nCMD ["true"]\n`);
    const made = probeSpec(world.runtime, { name: "ghost", image, build: { context } }, UNTIL_STOPPED);
    const { message } = await failureOf(world.runtime.launch(made, patientCall()));
    expect(message).to.match(/refused to start .*unable to find user ghost/);
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
  });

  it("mounts a folder of the machine in place of the workspace's volume, read-only when asked", async () => {
    const path = await tempDir();
    // In one stream: the engine copies two side by side, and an error may come after "ready".
    const made = spec(
      `exec 2>&1; cat /workspace/file; touch /workspace/mine; ls /workspace\n${UNTIL_STOPPED}`,
    );
    await writeFile(join(path, "file"), "from outside\n");
    await launchReady(world.runtime, { ...made, workspaceDir: { path, readOnly: false } });
    expect(await readFile(join(path, "mine"), "utf8")).to.equal("");
    expect(await world.volumesOf(made.workspaceId)).to.have.length(1);
    const again = await launchReady(world.runtime, {
      ...made,
      attempt: 2,
      workspaceDir: { path, readOnly: true },
    });
    expect(again.log)
      .to.contain("from outside\n")
      .and.to.match(/Read-only file system/);
  });

  it("refuses a file in a folder of the machine that is mounted read-only", async () => {
    const path = await tempDir();
    const made = spec(UNTIL_STOPPED, {
      workspaceDir: { path, readOnly: true },
      files: [{ path: "/workspace/file", mode: 0o644, content: "" }],
    });
    const error = await failureOf(world.runtime.launch(made, patientCall()));
    expect(error.code).to.equal("LAUNCH_FILE_REFUSED");
    expect(error.message).to.contain("/workspace is a folder of the machine that is mounted read-only");
  });

  it("refuses a folder of the machine that is not there, and does not make it", async () => {
    const path = join(await tempDir(), "missing");
    const made = spec(UNTIL_STOPPED, { workspaceDir: { path, readOnly: false } });
    const error = await failureOf(world.runtime.launch(made, patientCall()));
    expect(error.code).to.equal("ENGINE_REFUSED");
    expect(error.message).to.contain(`bind source path does not exist: ${path}`);
    await mkdir(path);
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
  });

  it("keeps the sessions of claude-code until a reset", async () => {
    const template = { ...world.template, name: "claude-code" };
    const script = `cd /root/.claude/sessions; ls; touch session\n${UNTIL_STOPPED}`;
    const made = probeSpec(world.runtime, template, script);
    const launch = async (attempt: number, resetSession: boolean) =>
      (await launchReady(world.runtime, { ...made, attempt, resetSession })).log;
    expect(await launch(1, false)).to.equal("ready\n");
    expect(await launch(2, false)).to.equal("session\nready\n");
    expect(await launch(3, true)).to.equal("ready\n");
  });

  it("leaves no container when the command can't be started, and says why", async () => {
    const context = await tempDir();
    const image = world.image("broken");
    await writeFile(join(context, "Dockerfile"), `FROM ${world.engine.busybox}\nCMD ["/no/such/program"]\n`);
    const made = probeSpec(world.runtime, { name: "broken", image, build: { context } }, "");
    const error = await failureOf(world.runtime.launch(made, patientCall()));
    expect(error.code).to.equal("ENGINE_REFUSED");
    expect(error.message).to.contain("/no/such/program");
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
    expect(await world.volumesOf(made.workspaceId)).to.have.length(2);
  });

  it("removes what is left of its own attempt when that was never started", async () => {
    const made = spec(UNTIL_STOPPED);
    const name = `ws-${made.workspaceId.slice(0, 12)}`;
    await world.runtime.baseEnvironment(world.template, patientCall());
    const left = await world.docker.createContainer({
      name,
      Image: world.template.image,
      Labels: {
        "molecule.platform.managed": "true",
        "molecule.platform.instance": world.instanceId,
        "molecule.workspace.id": made.workspaceId,
        "molecule.workspace.attempt": "1",
      },
    });
    const { handle } = await launchReady(world.runtime, made);
    expect(handle).not.to.equal(left.id);
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([handle]);
  });

  it("takes the workspace's anonymous volumes away with its container", async () => {
    const context = await tempDir();
    const image = world.image("anonymous");
    await writeFile(
      join(context, "Dockerfile"),
      `FROM ${world.engine.busybox}\nVOLUME /cache\nCMD ["sh","/configs/run.sh"]\n`,
    );
    const made = probeSpec(world.runtime, { name: "anonymous", image, build: { context } }, UNTIL_STOPPED);
    await launchReady(world.runtime, made);
    const { Mounts } = await world.inspect(made.workspaceId);
    const anonymous = Mounts.find(({ Destination }) => Destination === "/cache")?.Name ?? "none";
    await world.docker.getVolume(anonymous).inspect();
    await world.runtime.stop(made.workspaceId, patientCall());
    expect(await failureOf(world.docker.getVolume(anonymous).inspect())).to.include({ statusCode: 404 });
  });

  it("says which template lacks an image", async () => {
    const error = await failureOf(
      world.runtime.launch(probeSpec(world.runtime, { name: "bare" }, ""), patientCall()),
    );
    expect(error.message).to.contain('the workspace template "bare" has no image');
  });

  it("counts nobody else's workspace as its own", async () => {
    const made = spec(UNTIL_STOPPED);
    await launchReady(world.runtime, made);
    expect(await world.runtime.observe(randomUUID(), patientCall())).to.deep.equal({ state: "absent" });
    expect(await world.installation().observe(made.workspaceId, patientCall())).to.deep.equal({
      state: "absent",
    });
  });
});
