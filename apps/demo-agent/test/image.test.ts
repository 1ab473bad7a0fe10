import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { drain, outputOf } from "@molecule/test/support/docker-streams.js";
import { useEngine, type Engine } from "@molecule/test/support/engine.js";
import { eventually } from "@molecule/test/support/eventually.js";
import { StandInPlatform } from "./support/stand-in-platform.js";

const CONTEXT = fileURLToPath(new URL("..", import.meta.url));
const WORKSPACE_ID = "12345678-9abc-4def-8012-3456789abcde";

describe("the agent from its image", () => {
  let engine: Engine;
  let image = "";
  const platform = new StandInPlatform();

  before(async function () {
    engine = await useEngine(this);
    const name = `molecule-test/demo-agent:${engine.runId}`;
    const stream = await engine.docker.buildImage(
      { context: CONTEXT, src: ["."] },
      { t: name, buildargs: { BASE: await engine.nodeBase() }, labels: { ...engine.labels } },
    );
    await drain(stream);
    image = name;
    await platform.start("0.0.0.0");
  });
  after(async () => {
    await platform.stop();
    if (image !== "") await engine.docker.getImage(image).remove({ force: true });
  });

  const create = (env: readonly string[]) =>
    engine.docker.createContainer({
      Image: image,
      Env: [...env],
      Labels: { ...engine.labels },
      Volumes: { "/configs": {} },
      ExposedPorts: { "8000/tcp": {} },
      HostConfig: {
        ReadonlyRootfs: true,
        ExtraHosts: ["host.docker.internal:host-gateway"],
        PortBindings: { "8000/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
      },
    });

  it("registers from inside, serves on its published port, ends with 0 on SIGTERM as PID 1 and comes back with its token", async function () {
    this.timeout(180_000);
    platform.answer = (call) => ({
      status: 200,
      body:
        call.authorization === undefined ? { status: "registered", auth_token: "given" } : { status: "ok" },
    });
    const container = await create([
      `WORKSPACE_ID=${WORKSPACE_ID}`,
      `PLATFORM_URL=http://host.docker.internal:${platform.port}`,
      "WORKSPACE_CONFIG_PATH=/configs",
      "AGENT_HEARTBEAT_SECONDS=0.1",
    ]);
    try {
      await container.start();
      await eventually(() => platform.callsTo("heartbeat").length > 0, { what: "a heartbeat" });
      expect(platform.callsTo("register")[0]?.body).to.deep.include({
        id: WORKSPACE_ID,
        url: "http://localhost:8000",
      });
      const running = await container.inspect();
      const hostPort = running.NetworkSettings.Ports["8000/tcp"]?.[0]?.HostPort ?? "none";
      const names = await fetch(`http://127.0.0.1:${hostPort}/env-names`).then((response) => response.text());
      expect(names).to.contain('"WORKSPACE_ID"');

      await container.stop({ t: 20 });
      // 137 would be the engine's SIGKILL: PID 1 gets no default action for a signal.
      expect((await container.inspect()).State.ExitCode).to.equal(0);

      await container.start();
      const again = await eventually(() => platform.callsTo("register")[1], {
        what: "a second registration",
      });
      expect(again.authorization).to.equal("Bearer given");
    } finally {
      await container.remove({ force: true, v: true });
    }
  });

  it("ends with 2 and names what is missing", async function () {
    this.timeout(180_000);
    const container = await create([]);
    try {
      await container.start();
      expect(await container.wait()).to.deep.include({ StatusCode: 2 });
      const output = await outputOf(engine.docker, container);
      expect(output).to.contain("WORKSPACE_ID: found nothing").and.contain("PLATFORM_URL: found nothing");
    } finally {
      await container.remove({ force: true, v: true });
    }
  });

  it("holds the package's description and its modules, nothing else of ours", async () => {
    const container = await create([]);
    try {
      const archive = await buffer(await container.getArchive({ path: "/app" }));
      // In a tar archive a name stands at the start of a header and ends with NUL (POSIX.1-1988, ustar).
      const names = archive.toString("latin1").match(/app\/[\w./-]*(?=\0)/g) ?? [];
      const inDist = names.filter((name) => name.startsWith("app/dist/") && name !== "app/dist/");
      expect(names).to.include("app/package.json");
      expect(inDist).to.include("app/dist/main.js");
      expect(inDist.filter((name) => !name.endsWith(".js"))).to.deep.equal([]);
    } finally {
      await container.remove({ force: true, v: true });
    }
  });
});
