import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { eventually } from "@molecule/test/support/eventually.js";
import { ownUntilEnd } from "@molecule/test/support/lifetime.js";
import { skip } from "@molecule/test/support/skip.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";

const HOST = fileURLToPath(new URL("./fixtures/host-process.js", import.meta.url));

/** Whether a process runs; one that nobody has waited for yet does not. */
async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

describe("the guard of a workspace's process", () => {
  before(function () {
    if (process.platform !== "linux") skip(this, "the guard reads /proc, which Linux has");
  });

  /** A host in a process of its own that has launched `script`; gives the pids that the script has printed. */
  async function hostWith(script: string, pids: number) {
    const host = spawn(process.execPath, [HOST, await tempDir(), script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(host, "exit");
    const { pid } = host;
    if (pid === undefined) throw new Error("a spawned process has a pid");
    ownUntilEnd({ kind: "process", pid, signal: "SIGKILL" });
    const [logFile] = await once(createInterface({ input: host.stdout }), "line").then((line) =>
      line.map(String),
    );
    const printed = await eventually(async () => {
      const found = (await readFile(logFile ?? "", "utf8")).match(/\d+(?=\s)/g) ?? [];
      return found.length >= pids ? found.map(Number) : undefined;
    });
    return { host, ended, printed };
  }

  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    it(`ends the process, and what that has started, when the host dies of ${signal}`, async () => {
      const { host, ended, printed } = await hostWith("sleep 1000 & echo $! $$; wait", 2);
      expect(await Promise.all(printed.map(runs))).to.deep.equal([true, true]);
      host.kill(signal);
      await ended;
      await eventually(async () => (await Promise.all(printed.map(runs))).every((each) => !each));
    });
  }

  it("kills a process that ignores being told to end", async () => {
    const { host, ended, printed } = await hostWith("trap '' TERM; echo $$; while :; do sleep 1; done", 1);
    host.kill("SIGKILL");
    await ended;
    await eventually(async () => !(await runs(printed[0] ?? 0)));
  });

  it("ends what the process has left running when it ends itself", async () => {
    const { host, ended, printed } = await hostWith("sleep 1000 & echo $!", 1);
    await eventually(async () => !(await runs(printed[0] ?? 0)));
    host.kill("SIGKILL");
    await ended;
  });
});
