import { expect } from "chai";
import { create, field, untilStatus } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import type { RunningHost } from "../support/host.js";
import { hostWith, mutator, type FaultyPlugin } from "./plugins.js";

/** How each mutator is bad, whether it needs a worker to be survived, and the code and words that name it. */
const BAD: readonly (readonly [
  name: string,
  body: string,
  isolated: boolean,
  code: string,
  words: string,
])[] = [
  ["throws", 'throw new Error("no luck");', false, "ENV_MUTATOR_FAILED", "no luck"],
  ["hangs", "await new Promise(() => undefined);", false, "ENV_MUTATOR_TIMEOUT", "within 1000 ms"],
  ["throws-apart", 'throw new Error("no luck");', true, "ENV_MUTATOR_FAILED", "no luck"],
  ["spins", "while (env) {}", true, "ENV_MUTATOR_TIMEOUT", "within 1000 ms"],
  [
    "eats",
    "for (const all = []; ; ) all.push(new Array(1e6).fill({}));",
    true,
    "PLUGIN_WORKER_CRASHED",
    "memory",
  ],
  ["exits", "process.exit(3);", true, "PLUGIN_WORKER_CRASHED", "exit"],
];

/** Those that go on after they have returned or were given up. */
const LATE: Readonly<Record<string, string>> = {
  "rejects-late": "await new Promise((_, fail) => setTimeout(fail, 1_500, new Error('too late')));",
  "edits-late": 'setTimeout(() => { try { env.set("LATE", "1"); } catch {} }, 50); env.set("IN_TIME", "1");',
};

describe("faults.md 33: bad mutators", function () {
  this.timeout(180_000);

  let host: RunningHost;
  let ledger: unknown;
  let names: unknown;
  let id: string;

  before(async () => {
    const bad = BAD.map(([name, body, isolated, code]): [string, FaultyPlugin] => {
      const isolation = isolated ? { isolation: "worker", memoryMb: 32 } : {};
      // What ends by itself has the time that a busy machine takes for it, and for the collection of a full memory.
      const timeoutMs = code === "ENV_MUTATOR_TIMEOUT" ? 1_000 : 30_000;
      const entry = { onError: "skip", timeoutMs, ...isolation };
      return [name, { setup: mutator(name, `env.set("HALF", "done"); ${body}`), entry }];
    });
    const late = Object.entries(LATE).map(([name, body]): [string, FaultyPlugin] => [
      name,
      {
        setup: mutator(name, body),
        entry: { onError: "skip", timeoutMs: name === "rejects-late" ? 1_000 : 30_000 },
      },
    ]);
    const good = { good: { setup: mutator("good", 'env.set("GOOD", env.get("HALF") ?? "alone");') } };
    host = await hostWith({ ...Object.fromEntries([...bad, ...late]), ...good });
    id = await create(host, { name: "Survivor", runtime: "demo" });
    const { url } = await untilStatus(host, id, "online");
    ledger = (await host.api("GET", `/workspaces/${id}/env`)).body;
    names = await (await fetch(`${url}/env-names`)).json();
  });

  after(async () => {
    expect(await host.stop()).to.equal(0);
  });

  function runOf(name: string): unknown {
    const runs = field(ledger, "mutators");
    return Array.isArray(runs) ? runs.find((run) => field(run, "plugin") === name) : undefined;
  }

  for (const [name, , isolated, code, words] of BAD) {
    it(`one that ${name} is named, and its edits are dropped${isolated ? ", as its worker contains it" : ""}`, () => {
      const run = runOf(name);
      expect(field(run, "outcome"), JSON.stringify(run)).to.equal("skipped");
      expect(field(run, "error", "code"), JSON.stringify(run)).to.equal(code);
      expect(String(field(run, "error", "message")))
        .to.contain(`plugin "${name}"`)
        .and.contain(words);
    });
  }

  it("what is done after the return, or after the time is over, has no effect and no victim", async () => {
    expect(field(runOf("rejects-late"), "error", "code")).to.equal("ENV_MUTATOR_TIMEOUT");
    expect(field(runOf("edits-late"), "outcome")).to.equal("applied");
    expect(names).to.include("IN_TIME").and.not.include("LATE");
    // Past the time of the rejection that comes too late.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await host.api("GET", "/health")).status).to.equal(200);
  });

  it("the others are unaffected, and every fault is an event", async () => {
    expect(names).to.include("GOOD").and.not.include("HALF");
    expect(field(ledger, "variables", "GOOD")).to.have.nested.property("[0].value", "alone");
    const events: unknown = (await host.api("GET", `/events/${id}`)).body;
    const told = Array.isArray(events)
      ? events.filter((event) => field(event, "event_type") === "ENV_MUTATOR_FAILED")
      : [];
    expect(told.map((event) => field(event, "payload", "plugin"))).to.have.members([
      ...BAD.map(([name]) => name),
      "rejects-late",
    ]);
  });

  it("the worker of one that ended comes back by itself, for the next provision to be faulty anew", async () => {
    const again = await eventually(
      async () => {
        const preview = await host.api("POST", "/admin/env/preview", { name: "Again", runtime: "demo" });
        return preview.status === 200 ? preview : undefined;
      },
      { what: "a preview is answered", timeoutMs: 60_000 },
    );
    expect(again.text).to.contain('"GOOD"').and.contain("PLUGIN_WORKER_CRASHED");
  });
});
