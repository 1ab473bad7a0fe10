import { readdir, readFile } from "node:fs/promises";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { create, eventTypes, field, find, untilStatus } from "./workspace-api.js";

describe("a fresh machine without a container engine", function () {
  this.timeout(240_000);

  let host: RunningHost;

  before(async () => {
    host = await startHost({ dev: true, env: { DOCKER_HOST: "unix:///nowhere/docker.sock" } });
  });

  after(async () => {
    await host.stop();
  });

  it("boots, and tells its tree, its chain and what to do next", async () => {
    // The last that it tells, after it listens.
    await host.waitForLine(({ message }) => message.includes("curl -s -X POST"));
    const said = host.lines.map((line) => line.message);
    expect(said.some((line) => line.startsWith("boot\n") && line.includes("gh-identity"))).to.be.true;
    expect(said).to.include("env-mutator chain: [gh-identity]");
    expect(said.join("\n")).to.contain("container runtime: process");
  });

  it("brings a workspace online, with the role's badge in its environment, and ends its process on delete", async () => {
    const id = await create(host, { name: "Hello", runtime: "demo", role: "pmm-lead" });
    const online = await untilStatus(host, id, "online");
    expect(online.url).to.match(/^http:\/\/localhost:\d+$/);

    const { MOLECULE_ATTRIBUTION_BADGE: badge, ADMIN_TOKEN: leaked } = await environmentOf(id);
    expect(badge).to.equal(`🤖 [Agent: Pmm-Lead · ws-${id.slice(0, 8)}]`);
    expect(leaked).to.equal(undefined);
    const names: unknown = await (await fetch(`${online.url}/env-names`)).json();
    expect(names).to.include("MOLECULE_GH_WRAPPER_SHA").and.include("WORKSPACE_ID");

    const ledger = await host.api("GET", `/workspaces/${id}/env`);
    expect(ledger.status).to.equal(200);
    expect(ledger.text).to.contain("gh-identity");

    expect((await host.api("DELETE", `/workspaces/${id}`)).body).to.deep.equal({
      status: "removed",
      cascade_deleted: 0,
    });
    expect(await find(host, id)).to.equal(undefined);
    await eventually(async () => (await pidsOf(id)).length === 0, { what: "the agent's process is gone" });
    expect(await eventTypes(host, id)).to.deep.equal([
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_ONLINE",
      "WORKSPACE_REMOVED",
    ]);
  });

  it("tells what went wrong when a template can't run here, and starts nothing", async () => {
    const id = await create(host, { name: "No command", runtime: "claude-code" });
    const failed = await eventually(async () => {
      const workspace = await find(host, id);
      return workspace?.status === "failed" ? workspace : undefined;
    });
    expect(failed.last_sample_error).to.contain("claude-code").and.contain("command");
    const answer = await host.api("GET", `/workspaces/${id}/state`);
    expect(field(answer.body, "status")).to.equal("failed");
  });
});

describe("a local process and its host", function () {
  this.timeout(240_000);

  it("end together at Ctrl-C, with exit code 0", async () => {
    const host = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "process" } });
    const id = await create(host, { name: "Hello", runtime: "demo" });
    await untilStatus(host, id, "online");
    expect(await pidsOf(id)).not.to.be.empty;
    expect(await host.stop("SIGINT")).to.equal(0);
    await eventually(async () => (await pidsOf(id)).length === 0, { what: "the agent's process is gone" });
  });

  it("end together when the host is killed, and the next host brings the workspace online again", async () => {
    const first = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "process" } });
    const id = await create(first, { name: "Hello", runtime: "demo" });
    await untilStatus(first, id, "online");
    await first.kill();
    await eventually(async () => (await pidsOf(id)).length === 0, { what: "the agent's process is gone" });

    const second = await startHost({
      dev: true,
      dataDir: first.dataDir,
      env: { CONTAINER_RUNTIME: "process" },
    });
    await eventually(async () => (await pidsOf(id)).length > 0, { what: "the agent runs again" });
    await untilStatus(second, id, "online");
    expect(await second.stop()).to.equal(0);
  });
});

/** The processes that carry this workspace's id in their environment; Linux only. */
async function pidsOf(workspaceId: string): Promise<number[]> {
  const pids: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const environment = await readFile(`/proc/${entry}/environ`, "utf8").catch(() => "");
    if (environment.split("\0").includes(`WORKSPACE_ID=${workspaceId}`)) pids.push(Number(entry));
  }
  return pids;
}

async function environmentOf(workspaceId: string): Promise<Record<string, string | undefined>> {
  const [pid] = await pidsOf(workspaceId);
  if (pid === undefined) throw new Error(`no process of workspace ${workspaceId}`);
  const environment = await readFile(`/proc/${pid}/environ`, "utf8");
  return Object.fromEntries(
    environment
      .split("\0")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
