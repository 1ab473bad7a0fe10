import { readFile, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { AgentProcess } from "./support/agent-process.js";
import { StandInPlatform, type Call, type Script } from "./support/stand-in-platform.js";

const WORKSPACE_ID = "12345678-9abc-4def-8012-3456789abcde";
const TOKEN = "token-of-the-workspace";
const GONE: Script = { status: 404, body: { error: "workspace not found" } };

describe("the agent as a process", () => {
  let platform: StandInPlatform;
  let configDir = "";
  const agents: AgentProcess[] = [];

  beforeEach(async () => {
    platform = new StandInPlatform();
    await platform.start();
    configDir = await tempDir();
    await writeFile(join(configDir, "config.yaml"), "name: Hello <b>\ndescription: Greets\nversion: 1.2.3\n");
    await writeFile(join(configDir, ".auth_token"), TOKEN, { mode: 0o600 });
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.kill();
    await platform.stop();
  });

  const start = (env: Readonly<Record<string, string>> = {}): AgentProcess => {
    const agent = new AgentProcess({
      WORKSPACE_ID,
      PLATFORM_URL: platform.url,
      WORKSPACE_CONFIG_PATH: configDir,
      AGENT_PORT: "0",
      AGENT_HEARTBEAT_SECONDS: "0.05",
      ...env,
    });
    agents.push(agent);
    return agent;
  };
  const heartbeats = (count: number) =>
    eventually(() => platform.callsTo("heartbeat").length >= count, { what: `${count} heartbeats` });

  it("registers with its address and card, then sends heartbeats whose uptime grows", async () => {
    const agent = start();
    const url = await agent.url();
    const uptime = (beat?: Call) => Number(beat?.body.uptime_seconds);
    const first = await eventually(() => platform.callsTo("heartbeat")[0]);
    const last = await eventually(() =>
      platform.callsTo("heartbeat").find((beat) => uptime(beat) > uptime(first)),
    );
    expect(platform.calls[0]).to.deep.equal({
      path: "/registry/register",
      authorization: `Bearer ${TOKEN}`,
      contentType: "application/json",
      body: {
        id: WORKSPACE_ID,
        url,
        agent_card: { name: "Hello <b>", description: "Greets", version: "1.2.3", skills: [] },
      },
    });
    expect(platform.callsTo("register")).to.have.length(1);
    const quiet = {
      workspace_id: WORKSPACE_ID,
      error_rate: 0,
      sample_error: "",
      active_tasks: 0,
      current_task: "",
    };
    // Of whole seconds a slow machine's first heartbeat may tell one, and a later one leave some out.
    for (const beat of [first, last]) {
      expect(beat.authorization).to.equal(`Bearer ${TOKEN}`);
      expect(beat.body).to.deep.equal({ ...quiet, uptime_seconds: Math.floor(uptime(beat)) });
    }
    await agent.says(new RegExp(`registered with ${platform.url} as ${WORKSPACE_ID}`));
    expect(agent.output).not.to.contain(TOKEN);
  });

  it("waits for a platform that is not up yet", async () => {
    await platform.stop();
    const agent = start();
    await agent.says(/register: no connection \(ECONNREFUSED\); trying again/);
    await platform.start();
    await heartbeats(1);
    await agent.says(/register: taken at try \d+/);
  });

  it("goes on with its heartbeats after the platform was away", async () => {
    const agent = start();
    await heartbeats(2);
    await platform.stop();
    await agent.says(/heartbeat: no connection \(\w+\); trying again/);
    const before = platform.callsTo("heartbeat").length;
    await platform.start();
    await heartbeats(before + 2);
    expect(platform.callsTo("register")).to.have.length(1);
  });

  it("registers without a token where it has none, and keeps the one that it is given for itself", async () => {
    const path = join(await tempDir(), ".auth_token");
    platform.answer = (call) => ({
      status: 200,
      body: call.path.endsWith("register") ? { status: "registered", auth_token: "given" } : { status: "ok" },
    });
    const agent = start({ WORKSPACE_CONFIG_PATH: join(path, "..") });
    await heartbeats(1);
    expect(platform.callsTo("register")[0]?.authorization).to.be.undefined;
    expect(platform.callsTo("heartbeat")[0]?.authorization).to.equal("Bearer given");
    expect(await readFile(path, "utf8")).to.equal("given");
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(agent.output).not.to.contain("given");
  });

  it("takes up a token that is changed under it", async () => {
    platform.answer = (call) =>
      call.authorization === "Bearer changed"
        ? { status: 200, body: { status: "ok" } }
        : { status: 401, body: { error: "invalid workspace auth token" } };
    const agent = start();
    await agent.says(/register: 401 "invalid workspace auth token"; trying again/);
    await writeFile(join(configDir, ".auth_token"), "changed\n");
    await heartbeats(1);
    expect(platform.callsTo("heartbeat")[0]?.authorization).to.equal("Bearer changed");
  });

  it("ends with 0 when the workspace is removed before it registers", async () => {
    platform.answer = () => GONE;
    const agent = start();
    expect(await agent.ended()).to.equal(0);
    expect(agent.output).to.contain("the workspace was removed");
  });

  it("ends with 0 when the workspace is removed while it runs", async () => {
    platform.answer = (_, number) => (number > 3 ? GONE : { status: 200, body: { status: "ok" } });
    expect(await start().ended()).to.equal(0);
    expect(platform.calls).to.have.length(4);
  });

  it("serves a page, its health and its variables' names, and no value of them", async () => {
    const agent = start({ MY_SECRET: "value-of-a-secret", "ODD<NAME>": "another-value" });
    const url = await agent.url();
    const page = await fetch(url);
    const html = await page.text();
    expect(page.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(html).to.contain(WORKSPACE_ID).and.contain("<h1>Hello &lt;b&gt;</h1>");
    expect(html).to.contain("<li>MY_SECRET</li>").and.contain("<li>ODD&lt;NAME&gt;</li>");
    const namesText = await (await fetch(`${url}/env-names`)).text();
    const names: unknown = JSON.parse(namesText);
    if (!Array.isArray(names)) throw new Error(namesText);
    // Node gives this one to every child of a process whose coverage is measured.
    expect(names.filter((name) => name !== "NODE_V8_COVERAGE")).to.deep.equal([
      "AGENT_HEARTBEAT_SECONDS",
      "AGENT_PORT",
      "MY_SECRET",
      "ODD<NAME>",
      "PATH",
      "PLATFORM_URL",
      "WORKSPACE_CONFIG_PATH",
      "WORKSPACE_ID",
    ]);
    expect(await (await fetch(`${url}/health`)).text()).to.equal('{"status":"ok"}');
    expect((await fetch(`${url}/nothing`)).status).to.equal(404);
    for (const text of [html, namesText, agent.output]) {
      expect(text)
        .not.to.contain("value-of-a-secret")
        .and.not.contain("another-value")
        .and.not.contain(TOKEN);
    }
  });

  for (const name of ["SIGTERM", "SIGINT"] as const) {
    it(`ends with 0 on ${name} between heartbeats`, async () => {
      const agent = start({ AGENT_HEARTBEAT_SECONDS: "3600" });
      await agent.says(/registered with/);
      agent.signal(name);
      expect(await agent.ended()).to.equal(0);
    });
  }

  it("ends with 0 on SIGTERM while it waits for a platform that is down", async () => {
    platform.answer = () => ({ status: 429, body: {}, headers: { "retry-after": "300" } });
    const agent = start();
    await agent.says(/register: 429; trying again/);
    agent.signal("SIGTERM");
    expect(await agent.ended()).to.equal(0);
  });

  it("ends with 0 on SIGTERM while the platform does not answer and a visitor is in the middle of a request", async () => {
    platform.answer = () => "hang";
    const agent = start();
    const visitor = connect(Number(new URL(await agent.url()).port), "127.0.0.1");
    visitor.on("error", () => visitor.destroy());
    await new Promise<void>((resolve) => visitor.write("GET / HTTP/1.1\r\n", () => resolve()));
    await eventually(() => platform.calls.length === 1);
    agent.signal("SIGTERM");
    expect(await agent.ended()).to.equal(0);
    visitor.destroy();
  });

  it("ends with 2 and a line for each fault of its environment", async () => {
    const agent = start({ WORKSPACE_ID: "", PLATFORM_URL: "", WORKSPACE_CONFIG_PATH: "", AGENT_PORT: "x" });
    expect(await agent.ended()).to.equal(2);
    expect(agent.output.split("\n").map((line) => line.split(", allowed")[0])).to.deep.equal([
      "demo-agent: WORKSPACE_ID: found nothing",
      "demo-agent: PLATFORM_URL: found nothing",
      "demo-agent: WORKSPACE_CONFIG_PATH: found nothing",
      'demo-agent: AGENT_PORT: found "x"',
    ]);
    expect(platform.calls).to.deep.equal([]);
  });

  it("ends with 1 and says so when its port is taken", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "0.0.0.0", resolve));
    try {
      const address = holder.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const agent = start({ AGENT_PORT: String(port) });
      expect(await agent.ended()).to.equal(1);
      expect(agent.output).to.match(new RegExp(`AGENT_PORT ${port} can't be served: .*EADDRINUSE`));
      expect(platform.calls).to.deep.equal([]);
    } finally {
      holder.close();
    }
  });
});
