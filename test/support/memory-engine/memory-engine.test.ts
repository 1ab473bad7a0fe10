import { randomUUID } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { expect } from "chai";
import Docker from "dockerode";
import { pack } from "tar-stream";
import { eventually } from "../eventually.js";
import { useEngine } from "../engine.js";
import { MemoryEngine } from "./memory-engine.js";
import type { Program } from "./containers.js";

/** An engine, and an image on it whose containers understand `sh -c` with the few scripts of this file. */
interface Subject {
  readonly docker: Docker;
  readonly image: string;
}

const UNTIL_STOPPED = "trap 'exit 143' TERM; echo ready; while true; do sleep 0.05; done";

/** The scripts of this file, as a program of the memory engine. */
const scripts: Program = (context) => {
  const script = context.cmd.at(-1) ?? "";
  if (script === UNTIL_STOPPED) context.log("ready");
  const exit = /^exit (\d+)$/.exec(script);
  const cat = /^cat (\S+)$/.exec(script);
  if (exit !== null) context.exit(Number(exit[1]));
  if (cat === null) return;
  const content = context.readFile(cat[1] ?? "");
  if (content !== null) context.log(content.trimEnd());
  context.exit(content === null ? 1 : 0);
};

describe("the memory engine and a real one", () => {
  describe("memory", () => {
    let subject: Subject;
    let engine: MemoryEngine;
    before(async () => {
      engine = await MemoryEngine.start();
      engine.addImage("contract", scripts);
      subject = {
        docker: new Docker({ socketPath: engine.url.slice("unix://".length) }),
        image: "contract",
      };
    });
    after(() => engine.close());
    itIsAnEngine(() => subject);
  });
  describe("real", () => {
    let subject: Subject;
    before(async function () {
      const { docker, busybox } = await useEngine(this);
      subject = { docker, image: busybox };
    });
    itIsAnEngine(() => subject);
  });
});

/** All that the platform relies on in an engine. */
function itIsAnEngine(subject: () => Subject): void {
  const containers: Docker.Container[] = [];
  const volumes = new Set<string>();
  let run: string;
  beforeEach(() => {
    run = randomUUID();
  });
  afterEach(async () => {
    for (const each of containers.splice(0)) {
      await each.remove({ force: true }).catch((error: unknown) => expect(statusOf(error)).to.equal(404));
    }
    for (const name of volumes) {
      await subject()
        .docker.getVolume(name)
        .remove()
        .catch((error: unknown) => expect(statusOf(error)).to.equal(404));
    }
    volumes.clear();
  });

  const create = async (script: string, options: Docker.ContainerCreateOptions = {}) => {
    const { docker, image } = subject();
    const Labels = { "molecule.test.contract": run, ...options.Labels };
    const made = await docker.createContainer({
      Image: image,
      Cmd: ["sh", "-c", script],
      ...options,
      Labels,
    });
    containers.push(made);
    return made;
  };
  /** Starts it and waits until it heeds SIGTERM: before its trap is set, process 1 of a container ignores it. */
  const startReady = async (container: Docker.Container) => {
    await container.start();
    await eventually(async () => String(await container.logs({ stdout: true })).includes("ready"));
  };
  const listed = (label: string) =>
    subject().docker.listContainers({ all: true, filters: { label: [label] } });
  const volume = (name: string, labels: Record<string, string>) => {
    volumes.add(name);
    return subject().docker.createVolume({ Name: name, Labels: labels });
  };
  const mounting = (name: string): Docker.ContainerCreateOptions => ({
    HostConfig: { Mounts: [{ Type: "volume", Source: name, Target: "/configs" }] },
  });

  it("lists what was created by all of its labels, with its state and its time", async () => {
    const before = Date.now();
    const made = await create(UNTIL_STOPPED, { Labels: { "molecule.test.b": "2" } });
    const filters = { label: [`molecule.test.contract=${run}`, "molecule.test.b=2"] };
    const found = await subject().docker.listContainers({ all: true, filters });
    expect(found.map(({ Id, State }) => ({ Id, State }))).to.deep.equal([{ Id: made.id, State: "created" }]);
    expect(found[0]?.Created).to.be.within(before / 1000 - 2, Date.now() / 1000 + 2);
    expect(await listed(`molecule.test.contract=${randomUUID()}`)).to.deep.equal([]);
    expect(await subject().docker.listContainers({ filters })).to.deep.equal([]);
  });

  it("refuses a second container of one name, and renames the first", async () => {
    const name = `contract-${run}`;
    const first = await create(UNTIL_STOPPED, { name });
    await refused(409, create(UNTIL_STOPPED, { name }));
    await first.rename({ name: `${name}-kept` });
    const second = await create(UNTIL_STOPPED, { name });
    await refused(409, second.rename({ name: `${name}-kept` }));
    expect((await subject().docker.getContainer(name).inspect()).Id).to.equal(second.id);
  });

  it("creates nothing of an image that is not there", async () => {
    const error = await refused(404, create(UNTIL_STOPPED, { Image: "molecule-test/none:none" }));
    expect(String(error)).to.match(/no such (image|container)/i);
  });

  it("gives an image another name, and keeps it while a container needs it", async () => {
    const { docker, image } = subject();
    const { Id } = await docker.getImage(image).inspect();
    const repo = `molecule-test/contract-${run}`;
    await docker.getImage(image).tag({ repo, tag: "kept" });
    expect((await docker.getImage(`${repo}:kept`).inspect()).Id).to.equal(Id);
    const made = await create(UNTIL_STOPPED, { Image: `${repo}:kept` });
    expect((await made.inspect()).Image).to.equal(Id);
    await refused(409, docker.getImage(Id).remove());
    await docker.getImage(`${repo}:kept`).remove();
    await refused(404, docker.getImage(`${repo}:kept`).inspect());
    expect((await docker.getImage(Id).inspect()).Id).to.equal(Id);
    await refused(404, docker.getImage(`${repo}:kept`).remove());
  });

  it("keeps a stopped container under another name, and starts it again as it was", async () => {
    const name = `contract-${run}`;
    const kept = await create(UNTIL_STOPPED, { name, Env: ["KEPT=yes"] });
    await startReady(kept);
    await kept.stop({ t: 5 });
    await kept.rename({ name: `${name}-attempt-1` });
    const other = await create(UNTIL_STOPPED, { name });
    await other.remove({ force: true });
    await kept.rename({ name });
    await kept.start();
    const found = await subject().docker.getContainer(name).inspect();
    expect(found).to.include({ Id: kept.id, RestartCount: 0 });
    expect(found.State).to.include({ Running: true, ExitCode: 0 });
    expect(found.Config.Env.includes("KEPT=yes")).to.equal(true);
  });

  it("tells its time, and the networks that are there", async () => {
    const { docker } = subject();
    const told: unknown = await docker.info();
    const isNow = (time: unknown) => Math.abs(Date.parse(String(time)) - Date.now()) < 60_000;
    expect(told).to.have.property("SystemTime").that.satisfies(isNow);
    expect(await docker.listNetworks({ filters: { name: [`contract-${run}`] } })).to.deep.equal([]);
  });

  it("starts once and stops once, saying so when there is nothing to do", async () => {
    const made = await create(UNTIL_STOPPED);
    await startReady(made);
    await refused(304, made.start());
    expect((await made.inspect()).State).to.include({ Status: "running", Running: true });
    await made.stop({ t: 30 });
    await refused(304, made.stop());
    expect((await made.inspect()).State).to.include({ Status: "exited", Running: false, ExitCode: 143 });
    await made.start();
    expect((await made.inspect()).State.Running).to.equal(true);
  });

  it("tells the exit code of a process that ended", async () => {
    const made = await create("exit 7");
    await made.start();
    await eventually(async () => (await made.inspect()).State.Status === "exited");
    expect((await made.inspect()).State.ExitCode).to.equal(7);
    await refused(409, made.kill());
  });

  it("removes what runs only by force, and is not asked twice in vain", async () => {
    const made = await create(UNTIL_STOPPED);
    await made.start();
    await refused(409, made.remove());
    await made.remove({ force: true });
    await refused(404, made.inspect());
    await refused(404, made.remove({ force: true }));
    await refused(404, made.start());
    expect(await listed(`molecule.test.contract=${run}`)).to.deep.equal([]);
  });

  it("publishes a port while it runs, and another time another one", async () => {
    const made = await create(UNTIL_STOPPED, {
      ExposedPorts: { "8000/tcp": {} },
      HostConfig: { PortBindings: { "8000/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
    });
    await startReady(made);
    const [found] = await listed(`molecule.test.contract=${run}`);
    const { Ports } = (await made.inspect()).NetworkSettings;
    const published = Ports["8000/tcp"]?.[0]?.HostPort;
    expect(found?.Ports.map(({ PublicPort }) => String(PublicPort))).to.deep.equal([published]);
    await made.stop({ t: 5 });
    const stopped: Readonly<Record<string, unknown>> = (await made.inspect()).NetworkSettings.Ports;
    expect(stopped["8000/tcp"] ?? null).to.equal(null);
  });

  it("has files in place before the start, and in the volume for whoever mounts it next", async () => {
    const name = `contract-${run}`;
    await volume(name, { "molecule.test.contract": run });
    const archive = pack();
    archive.entry({ name: "configs/note" }, "in place\n");
    archive.finalize();
    const first = await create("cat /configs/note", mounting(name));
    await first.putArchive(await buffer(archive), { path: "/" });
    for (const each of [first, await create("cat /configs/note", mounting(name))]) {
      await each.start();
      await eventually(async () => (await each.inspect()).State.Status === "exited");
      expect((await each.inspect()).State.ExitCode).to.equal(0);
      await eventually(async () => {
        expect(String(await each.logs({ stdout: true, stderr: true }))).to.contain("in place");
        return true;
      });
    }
  });

  it("keeps the labels of a volume that is created again", async () => {
    const name = `contract-${run}`;
    await volume(name, { "molecule.test.contract": run });
    await volume(name, { "molecule.test.contract": "other" });
    const filters = { label: [`molecule.test.contract=${run}`] };
    expect((await subject().docker.listVolumes({ filters })).Volumes.map(({ Name }) => Name)).to.deep.equal([
      name,
    ]);
    expect((await subject().docker.getVolume(name).inspect()).Labels).to.deep.equal({
      "molecule.test.contract": run,
    });
  });

  it("keeps a volume that a container mounts, running or not", async () => {
    const name = `contract-${run}`;
    await volume(name, {});
    const made = await create(UNTIL_STOPPED, mounting(name));
    await refused(409, subject().docker.getVolume(name).remove());
    await made.remove();
    await subject().docker.getVolume(name).remove();
    await refused(404, subject().docker.getVolume(name).remove());
    await refused(404, subject().docker.getVolume(name).inspect());
  });
}

/** The error of an engine's refusal with this status. */
async function refused(status: number, work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(statusOf(error), String(error)).to.equal(status);
  return error;
}

function statusOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
}
