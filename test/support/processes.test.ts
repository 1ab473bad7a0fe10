import { spawn } from "node:child_process";
import { expect } from "chai";
import { endProcess, listProcesses, processIdentity, signal } from "./processes.js";
import { skip } from "./skip.js";

describe("processes", () => {
  before(function () {
    if (process.platform !== "linux") skip(this, "needs /proc");
  });

  it("tells a process by its number and start, so that a number given again is another process", async () => {
    const own = await processIdentity(process.pid);
    expect(own).to.match(new RegExp(`^${process.pid}:\\d+$`));
    expect(await processIdentity(process.pid)).to.equal(own);
    expect(await processIdentity(2 ** 22 + 1)).to.equal(undefined);
  });

  it("lists a process with its parent and its arguments", async () => {
    const me = (await listProcesses()).find(({ pid }) => pid === process.pid);
    expect(me?.parent).to.equal(process.ppid);
    expect(me?.command).to.include("mocha");
  });

  it("kills what does not end by the signal it is sent", async () => {
    const child = spawn(process.execPath, [
      "-e",
      "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')",
    ]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const pid = child.pid ?? 0;
    const ended = new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
    await endProcess(pid, "SIGTERM", 50);
    expect(await ended).to.equal("SIGKILL");
    expect(signal(pid, 0)).to.equal(false);
  });
});
