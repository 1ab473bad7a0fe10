import { readdir } from "node:fs/promises";
import { expect } from "chai";
import { field } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import type { RunningHost } from "../support/host.js";
import { hostWith, mutator, pluginOf } from "./plugins.js";

const TOGGLES = 100;
/** Far below what is left when each toggle leaves something. */
const SLACK = 20;

/** Takes its time in its mutator and its ticks, and holds a timer. */
const BUSY = `
  const timer = setInterval(() => undefined, 1_000);
  ctx.onDispose(() => clearInterval(timer));
  ${mutator("busy", 'await new Promise((resolve) => setTimeout(resolve, 5)); env.set("BUSY", "1");')}
  ctx.loops.add({ name: "busy", intervalMs: 1, timeoutMs: 10_000, runAtStart: true, async tick() {
    await new Promise((resolve) => setTimeout(resolve, 5));
  } });`;

describe("faults.md 35: toggled while mutators and ticks run", function () {
  this.timeout(300_000);

  let host: RunningHost;

  before(async () => {
    host = await hostWith({
      busy: { setup: BUSY },
      apart: { setup: mutator("apart", 'env.set("APART", "1");'), entry: { isolation: "worker" } },
    });
  });

  after(async () => {
    expect(await host.stop()).to.equal(0);
  });

  const toggle = async (name: string, enabled: boolean) =>
    field((await host.api("PATCH", `/admin/plugins/${name}`, { enabled })).body, "state");

  it(`${TOGGLES} times in a row is clean: no thread, file or contribution stays, in the host or in a worker`, async () => {
    for (const name of ["busy", "apart"]) expect(await toggle(name, false)).to.equal("disabled");
    const before = await heldBy(host.pid);
    const load = { isOver: false, chains: 0 };
    const chains = (async () => {
      while (!load.isOver) {
        const preview = await host.api("POST", "/admin/env/preview", { name: "Probe", runtime: "demo" });
        expect(preview.status, preview.text).to.equal(200);
        load.chains += 1;
      }
    })();
    for (let count = 1; count <= TOGGLES; count += 1) {
      const states = await Promise.all([toggle("busy", count % 2 === 1), toggle("apart", count % 2 === 1)]);
      const expected = count % 2 === 1 ? "enabled" : "disabled";
      expect(states).to.deep.equal([expected, expected]);
    }
    load.isOver = true;
    await chains;

    expect(load.chains).to.be.greaterThan(0);
    for (const name of ["busy", "apart"]) {
      const none = { env_mutators: [], boot_tasks: [], loops: [] };
      expect(field(await pluginOf(host, name), "contributions")).to.deep.equal(none);
    }
    expect((await host.api("GET", "/admin/loops")).text).not.to.contain('"busy"');
    // The test's own connections and the pool's threads come and go beside them: what a toggle leaves, a hundred leave a
    // hundred times.
    await eventually(
      async () => {
        const now = await heldBy(host.pid);
        return now.threads <= before.threads + SLACK && now.files <= before.files + SLACK;
      },
      { what: "no more threads and files than before", timeoutMs: 60_000 },
    );
    expect((await host.api("GET", "/health")).status).to.equal(200);
    expect(host.lines.filter(({ text }) => /"level":(50|60)/.test(text))).to.deep.equal([]);
  });
});

/** The threads and open files of a process; proc(5). */
async function heldBy(pid: number): Promise<{ threads: number; files: number }> {
  const [threads, files] = await Promise.all([readdir(`/proc/${pid}/task`), readdir(`/proc/${pid}/fd`)]);
  return { threads: threads.length, files: files.length };
}
