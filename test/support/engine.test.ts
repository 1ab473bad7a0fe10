import { spawn } from "node:child_process";
import { access, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect } from "chai";
import type Docker from "dockerode";
import { run, tryRun } from "./commands.js";
import { outputOf } from "./docker-streams.js";
import { engineNames, removeAbandonedEngines } from "./engine-remains.js";
import { useEngine, type Engine } from "./engine.js";
import { eventually } from "./eventually.js";
import { mochaArguments, REPOSITORY } from "./fixtures/mocha.js";
import { collectLines, type OutputLine } from "./output-lines.js";
import { listProcesses } from "./processes.js";
import { skip } from "./skip.js";
import { tempDir } from "./temp.js";

describe("useEngine", () => {
  let engine: Engine;
  const made: Docker.Container[] = [];
  before(async function () {
    engine = await useEngine(this);
  });
  afterEach(async () => {
    for (const container of made.splice(0)) await container.remove({ force: true });
  });

  async function start(options: Docker.ContainerCreateOptions): Promise<Docker.Container> {
    const container = await engine.docker.createContainer({ Labels: engine.labels, ...options });
    made.push(container);
    await container.start();
    return container;
  }

  async function runToEnd(options: Docker.ContainerCreateOptions): Promise<string> {
    const container = await start(options);
    await container.wait();
    return await outputOf(engine.docker, container);
  }

  it("runs a command in busybox, within a memory limit, and tells what it said", async function () {
    this.timeout(120_000);
    const output = await runToEnd({
      Image: engine.busybox,
      Cmd: ["sh", "-c", "echo out; echo err >&2; hostname"],
      Hostname: "inside",
      HostConfig: { Memory: 64 * 1024 * 1024 },
    });
    expect(output.split("\n")).to.have.members(["out", "err", "inside", ""]);
  });

  it("publishes a port that the machine reaches", async function () {
    this.timeout(120_000);
    const container = await start({
      Image: engine.busybox,
      Cmd: ["sh", "-c", "mkdir /www && echo served > /www/index.html && exec httpd -f -p 8000 -h /www"],
      ExposedPorts: { "8000/tcp": {} },
      HostConfig: { PortBindings: { "8000/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
    });
    const ports = (await container.inspect()).NetworkSettings.Ports["8000/tcp"];
    const url = `http://127.0.0.1:${ports?.[0]?.HostPort ?? "none"}/`;
    expect(await eventually(async () => await (await fetch(url)).text())).to.equal("served\n");
  });

  it("lets a container reach the machine by the name host.docker.internal", async function () {
    this.timeout(120_000);
    const server = createServer((_, answer) =>
      answer.setHeader("Connection", "close").end("from the machine"),
    );
    await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
    try {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const output = await runToEnd({
        Image: engine.busybox,
        Cmd: ["wget", "-q", "-O", "-", `http://host.docker.internal:${port}/`],
        HostConfig: { ExtraHosts: ["host.docker.internal:host-gateway"] },
      });
      expect(output).to.equal("from the machine");
    } finally {
      server.close();
    }
  });

  it("resolves a container's alias in a network of their own", async function () {
    this.timeout(120_000);
    const network = await engine.docker.createNetwork({ Name: `net-${engine.runId}`, Labels: engine.labels });
    const alias = (name: string): Partial<Docker.ContainerCreateOptions> => ({
      HostConfig: { NetworkMode: network.id },
      NetworkingConfig: { EndpointsConfig: { [network.id]: { Aliases: [name] } } },
    });
    try {
      await start({
        Image: engine.busybox,
        Cmd: ["nc", "-l", "-p", "7000", "-e", "echo", "hello"],
        ...alias("target"),
      });
      const output = await runToEnd({
        Image: engine.busybox,
        Cmd: ["sh", "-c", "for i in $(seq 60); do nc target 7000 && exit; sleep 1; done"],
        ...alias("caller"),
      });
      expect(output).to.include("hello");
    } finally {
      for (const container of made.splice(0)) await container.remove({ force: true });
      await network.remove();
    }
  });

  it("makes a base that runs node programs with no shell", async function () {
    this.timeout(120_000);
    const output = await runToEnd({
      Image: await engine.nodeBase(),
      Cmd: [
        "node",
        "-e",
        `require("fs").writeFileSync("/tmp/x", "");
         require("dns").lookup("localhost", (error, address) => console.log(process.version, error, address))`,
      ],
      HostConfig: { ExtraHosts: ["localhost:127.0.0.1"] },
    });
    expect(output).to.equal(`${process.version} null 127.0.0.1\n`);
  });

  it("leaves nothing of a run that is killed with a container running", async function () {
    if (!engine.private) skip(this, "the engine was found on this machine and stays");
    this.timeout(180_000);
    const child = spawn(process.execPath, mochaArguments("killed"), {
      cwd: REPOSITORY,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines: OutputLine[] = [];
    collectLines(child.stdout, lines);
    const line = await eventually(() => lines.find(({ text }) => text.startsWith("owns ")), {
      what: "the run says what it owns",
      timeoutMs: 60_000,
    });
    const [, url, folder] = line.text.split(" ");
    child.kill("SIGKILL");
    const directory = join((url ?? "").slice("unix://".length), "..");
    await eventually(async () => (await isGone(directory)) && (await isGone(folder ?? "")), {
      what: "the engine's folder and the temporary one are gone",
      timeoutMs: 60_000,
    });
    const commands = (await listProcesses()).map(({ command }) => command);
    expect(commands.filter((command) => command.includes(directory))).to.deep.equal([]);
  });

  it("removes what a run has left behind whose watchdog was killed too", async function () {
    if (!engine.private) skip(this, "the engine was found on this machine and stays");
    const names = engineNames(254);
    const remains = await tempDir();
    // Process 1 runs, but it is not the one that started at tick 1.
    await writeFile(join(remains, "owner"), "1:1");
    await writeFile(join(remains, "docker.pid"), String(process.pid));
    // A run that was killed here has left it behind without the folder by which others find it.
    await tryRun("ip", ["link", "delete", names.bridge]);
    await run("ip", ["link", "add", names.bridge, "type", "bridge"]);
    // All at once: another test process that starts an engine now removes the remains too, whole or not.
    await rename(remains, names.directory);
    await removeAbandonedEngines();
    await eventually(() => isGone(names.directory), { what: "the remains are gone" });
    expect((await tryRun("ip", ["link", "show", names.bridge])).code).not.to.equal(0);
    await engine.docker.ping();
  });
});

async function isGone(path: string): Promise<boolean> {
  return await access(path).then(
    () => false,
    () => true,
  );
}
