import { spawn, type ChildProcess } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { checkout } from "../support/checkout.js";
import { widePath } from "../support/commands.js";
import { eventually } from "../support/eventually.js";
import { own } from "../support/lifetime.js";
import { collectLines, type OutputLine } from "../support/output-lines.js";
import { signal } from "../support/processes.js";
import { recordStream } from "../support/secret-watch.js";
import { field } from "./workspace-api.js";

/** The host promises to end within 15 s (faults.md, row 46); a bit more for a busy machine. */
const STOP_TIMEOUT_MS = 20_000;

describe("npm start, as the README has it", function () {
  this.timeout(300_000);

  it("says that it builds, brings the README's workspace online, and ends with all that it started at Ctrl-C", async () => {
    const folder = await checkout();
    const lines: OutputLine[] = [];
    const npm = startNpm(folder, lines);
    const ended = new Promise((resolve) => {
      npm.on("close", (code, by) => resolve(code ?? by));
    });
    const { pid = 0 } = npm;
    const ownership = own({ kind: "process", pid, signal: "SIGTERM", group: true });

    const listening = await eventually(
      () => {
        expect(npm.exitCode, lines.map(({ text }) => text).join("\n")).to.equal(null);
        return lines.find(({ message }) => message === "listening");
      },
      { what: "npm start listens", timeoutMs: 240_000 },
    );
    const said = lines.map(({ text }) => text);
    expect(said).to.include("building, about half a minute the first time");
    const url = String(listening.fields?.url);
    expect((await fetch(url)).headers.get("content-type")).to.contain("text/html");

    const created = await fetch(`${url}/workspaces`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"name":"Hello","runtime":"demo","role":"pmm-lead"}',
    });
    expect(created.status).to.equal(201);
    await eventually(
      async () => field(await (await fetch(`${url}/workspaces`)).json(), "0", "status") === "online",
      { what: "the workspace is online", timeoutMs: 60_000 },
    );
    // npm, the host and the agent at the least: what is gone in the end was seen while it was there.
    expect((await processesOf(folder)).length).to.be.at.least(3);

    // As a terminal does it: everything in the foreground hears it, not npm alone.
    signal(-pid, "SIGINT");
    await eventually(async () => (await processesOf(folder)).length === 0, {
      what: "nothing of it is left",
      timeoutMs: STOP_TIMEOUT_MS,
    });
    // The host's own, which stands in the place of npm's shell: that would die of the signal, with 130.
    expect(await ended).to.equal(0);
    ownership.release();
    expect(lines.map(({ message }) => message)).to.include.members(["stopping: SIGINT", "stopped"]);
  });
});

/** In a process group of its own, with an embedded database, local processes and any free port. */
function startNpm(folder: string, lines: OutputLine[]): ChildProcess {
  const child = spawn("npm", ["start"], {
    cwd: folder,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: widePath(),
      HOME: join(folder, "home"),
      PORT: "0",
      MOLECULE_DATA_DIR: join(folder, "data"),
      CONTAINER_RUNTIME: "process",
    },
  });
  for (const stream of [child.stdout, child.stderr]) {
    collectLines(stream, lines);
    stream.on("data", recordStream("log", "output of npm start"));
  }
  return child;
}

/** The processes that have the folder in their environment: all that is started from it inherits or is told it. */
async function processesOf(folder: string): Promise<number[]> {
  const pids: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const environment = await readFile(`/proc/${entry}/environ`, "utf8").catch(() => "");
    if (environment.includes(folder)) pids.push(Number(entry));
  }
  return pids;
}
