import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Tier } from "@molecule/core";
import { planTier } from "../../../dist/runtimes/docker/tiers.js";
import { failureOf, launchReady, patientCall, probeSpec, UNTIL_STOPPED } from "../probe.js";
import { EngineProxy } from "@molecule/test/support/engine-faults.js";
import { DEFAULT_SIZES, DockerWorld } from "./world.js";

const MIB = 1024 * 1024;
const closed = { allowPrivileged: false, sizes: DEFAULT_SIZES };
const open = { allowPrivileged: true, sizes: DEFAULT_SIZES };

describe("planTier", () => {
  it("gives each tier its size", () => {
    const sizes = ([1, 2, 3, 4] as const).map((tier) => planTier(tier, open, 16));
    expect(sizes.map(({ memoryBytes }) => memoryBytes / MIB)).to.deep.equal([512, 512, 2048, 4096]);
    expect(sizes.map(({ nanoCpus }) => nanoCpus / 1e9)).to.deep.equal([1, 1, 2, 4]);
  });

  it("gives them as docs/operating.md tells", async () => {
    const page = await readFile(new URL("../../../../../docs/operating.md", import.meta.url), "utf8");
    const told = [...page.matchAll(/^\| ([1-4])\s+\| (\S+ [MG]iB|\S+)\s+\| (\S+)/gm)].map((row) =>
      row.slice(1),
    );
    const given = ([1, 2, 3, 4] as const).map((tier) => {
      const { memoryBytes, nanoCpus } = planTier(tier, open, 16);
      const mib = memoryBytes / MIB;
      return [String(tier), mib < 1024 ? `${mib} MiB` : `${mib / 1024} GiB`, String(nanoCpus / 1e9)];
    });
    expect(told).to.deep.equal(given);
  });

  it("takes the sizes of the configuration before its own", () => {
    const sizes = { ...DEFAULT_SIZES, 2: { memoryMb: 700, cpuShares: 1536 } };
    expect(planTier(2, { ...closed, sizes }, 16)).to.include({ memoryBytes: 700 * MIB, nanoCpus: 1.5e9 });
  });

  it("gives no more CPUs than the engine has, and no fewer than it accepts", () => {
    expect(planTier(4, open, 2).nanoCpus).to.equal(2e9);
    const sizes = { ...DEFAULT_SIZES, 2: { memoryMb: null, cpuShares: 2 } };
    expect(planTier(2, { ...closed, sizes }, 2).nanoCpus).to.equal(1e7);
  });

  it("isolates tiers 3 and 4 like tier 2 where privileged ones are not allowed, and says so", () => {
    for (const tier of [3, 4] as const) {
      const plan = planTier(tier, closed, 16);
      expect(plan.isolation).to.equal(2);
      expect(plan.memoryBytes).to.equal(planTier(tier, open, 16).memoryBytes);
      expect(plan.notices).to.have.length(1);
      expect(plan.notices[0]).to.contain(`tier ${tier} asks for a privileged container`);
      expect(planTier(tier, open, 16)).to.deep.include({ isolation: tier, notices: [] });
    }
  });
});

describe("docker runtime: tiers in the engine", () => {
  let world: DockerWorld;
  let proxy: EngineProxy;
  before(async function () {
    world = await DockerWorld.open(this);
    proxy = await EngineProxy.start(this, world.engine);
  });
  afterEach(() => world.removeRemains());
  after(async () => {
    await world.cleanUp();
    await proxy.close();
  });

  const launch = async (tier: Tier, script = UNTIL_STOPPED) => {
    const made = probeSpec(world.runtime, world.template, script, { tier });
    const result = await launchReady(world.runtime, made);
    return {
      ...result,
      found: (await world.inspect(made.workspaceId)).HostConfig,
      workspaceId: made.workspaceId,
    };
  };

  it("runs tier 1 on a read-only root with a small /tmp and its configuration only", async () => {
    // In one stream: the engine copies two side by side, and the last error may come after "ready".
    const script = `exec 2>&1; touch /file; touch /tmp/file && touch /configs/file && echo written; ls -d /workspace\n${UNTIL_STOPPED}`;
    const { log, found, workspaceId } = await launch(1, script);
    expect(log)
      .to.match(/\/file: Read-only file system/)
      .and.to.contain("written\n");
    expect(log).to.match(/\/workspace: No such file or directory/);
    expect(found.Tmpfs?.["/tmp"]).to.contain("size=64m");
    expect(await world.volumesOf(workspaceId)).to.have.length(1);
  });

  it("refuses in tier 1 a file that could only go on the read-only root", async () => {
    const file = { path: "/opt/file", mode: 0o644, content: "" };
    const made = probeSpec(world.runtime, world.template, UNTIL_STOPPED, { tier: 1, files: [file] });
    const error = await failureOf(world.runtime.launch(made, patientCall()));
    expect(error.code).to.equal("LAUNCH_FILE_REFUSED");
    expect(error.message).to.contain("in tier 1 only /configs can be written");
  });

  it("says that tier 1 does not mount a folder of the machine", async () => {
    const workspaceDir = { path: "/srv/project", readOnly: true };
    const made = probeSpec(world.runtime, world.template, UNTIL_STOPPED, { tier: 1, workspaceDir });
    const { notices } = await launchReady(world.runtime, made);
    expect(notices).to.deep.equal([
      "tier 1 has no /workspace: /srv/project is not mounted; choose another tier to have it",
    ]);
  });

  it("bounds tier 2 in memory, CPU and processes, and lets nothing gain privileges", async () => {
    const { found, notices } = await launch(2, `grep NoNewPrivs /proc/self/status\n${UNTIL_STOPPED}`);
    expect(found).to.deep.include({
      Memory: 512 * MIB,
      NanoCpus: 1e9,
      PidsLimit: 1024,
      Privileged: false,
      SecurityOpt: ["no-new-privileges:true"],
    });
    expect(notices).to.deep.equal([]);
  });

  it("runs tier 4 unprivileged where that is not allowed", async () => {
    const { found, notices } = await launch(4);
    expect(found).to.deep.include({
      Memory: 4096 * MIB,
      Privileged: false,
      PidMode: "",
      NetworkMode: "molecule-net",
    });
    expect(found.SecurityOpt).to.deep.equal(["no-new-privileges:true"]);
    expect(notices[0]).to.contain("MOLECULE_ALLOW_PRIVILEGED=true");
  });

  it("asks for a privileged tier 3, among the machine's processes, where that is allowed", async () => {
    const found = await created(3);
    expect(found).to.deep.include({ Memory: 2048 * MIB, Privileged: true, PidMode: "host" });
    expect(found).to.deep.include({ NetworkMode: "molecule-net", SecurityOpt: ["label=disable"] });
    expect(found.PidsLimit ?? 0).to.equal(0);
    expect(found.PortBindings).to.have.property("8000/tcp");
  });

  it("asks for the machine's network and the engine's socket as well in tier 4, where that is allowed", async () => {
    const found = await created(4);
    expect(found).to.deep.include({
      Memory: 4096 * MIB,
      Privileged: true,
      PidMode: "host",
      NetworkMode: "host",
    });
    expect(found.PortBindings ?? {}).to.deep.equal({});
    expect(found.Mounts?.map(({ Target }) => Target)).to.include("/var/run/docker.sock");
  });

  /** Not every engine may run privileged containers, so that this one is created in the engine but not started. */
  async function created(tier: Tier) {
    proxy.fault = ({ path }) =>
      path.endsWith("/start") ? { kind: "answer", status: 204, body: "" } : undefined;
    const runtime = world.installation({ limits: { allowPrivileged: true }, dockerHost: proxy.url });
    const made = probeSpec(runtime, world.template, UNTIL_STOPPED, { tier });
    const { url, notices } = await runtime.launch(made, patientCall());
    expect({ url, notices }).to.deep.equal({ url: null, notices: [] });
    return (await world.inspect(made.workspaceId)).HostConfig;
  }
});
