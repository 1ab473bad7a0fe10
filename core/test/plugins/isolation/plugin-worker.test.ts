import { expect } from "chai";
import type { PluginBench } from "../../support/plugins.js";
import { benchPerTest, environment, failureIn, isolated, logged, NEXT, provision } from "./isolated.js";

const TIMEOUT_MS = 5_000;

/** What a mutator does wrong, and what is told of it. */
const FAULTS: readonly { readonly title: string; readonly body: string; readonly told: string | RegExp }[] = [
  {
    title: "loops for ever",
    body: "for (;;);",
    told: 'plugin "acme": mutator "acme" did not finish within 5000 ms (its timeoutMs); fix the plugin, or set its onError to "skip"',
  },
  {
    title: "hangs and does not heed the abort",
    body: "await new Promise(() => undefined);",
    told: 'plugin "acme": mutator "acme" did not finish within 5000 ms (its timeoutMs); fix the plugin, or set its onError to "skip"',
  },
  {
    title: "exhausts its memory",
    body: "const kept = []; for (;;) kept.push(new Array(10_000).fill(Math.random()));",
    told: 'plugin "acme": its worker ended: it used more than its 24 MB of memory ("memoryMb" in its manifest entry)',
  },
  {
    title: "calls process.exit",
    body: "process.exit(7);",
    told: 'plugin "acme": its worker ended: it exited with code 7',
  },
  {
    title: "throws where nothing catches it, in a timer",
    body: 'setTimeout(() => { throw new Error("in a timer"); }, 1); await new Promise(() => undefined);',
    told: 'plugin "acme": its worker ended: uncaught exception: in a timer',
  },
  {
    title: "leaves a rejection unhandled while it runs",
    body: 'Promise.reject(new Error("unheard of")); await new Promise(() => undefined);',
    told: 'plugin "acme": its worker ended: uncaught exception: unheard of',
  },
  {
    title: "closes its way to the host",
    body: "parentPort.close(); await new Promise(() => undefined);",
    told: /its worker ended: it exited with code \d+$/,
  },
  {
    title: "floods the host with messages of its own",
    body: "for (let n = 0; n < 200; n += 1) parentPort.postMessage(n); await new Promise(() => undefined);",
    told: 'plugin "acme": its worker ended: it posted more than 100 messages of its own to the host',
  },
];

/** What leaves the worker alive. */
const FAILURES: readonly { readonly title: string; readonly body: string; readonly told: string }[] = [
  {
    title: "throws",
    body: 'env.set("A", "1"); throw new Error("no luck");',
    told: 'plugin "acme": mutator "acme" failed: no luck',
  },
  {
    title: "throws something that can't be sent",
    body: "throw () => undefined;",
    told: 'plugin "acme": mutator "acme" failed: () => undefined',
  },
  {
    title: "throws a coded error with details that can't be sent",
    body: 'throw Object.assign(new Error("odd"), { $$type: "@molecule/coded-error", code: "ACME_ODD", details: { f() {} } });',
    told: "odd",
  },
  {
    title: "swallows a refusal",
    body: 'try { env.set("WORKSPACE_ID", "x"); } catch {}',
    told: 'plugin "acme": WORKSPACE_ID belongs to the platform and can\'t be changed; remove this edit from the plugin',
  },
];

describe("PluginWorker", () => {
  const boot = benchPerTest();
  let bench: PluginBench;

  /** A bad mutator under `skip` and a good plugin after it; without BAD in the environment the first is good too. */
  async function start(body: string, entry: Readonly<Record<string, unknown>> = {}): Promise<PluginBench> {
    bench = await boot({
      acme: isolated("acme", `if (env.has("BAD")) { ${body} } env.set("ACME", "1");`, {
        onError: "skip",
        timeoutMs: TIMEOUT_MS,
        memoryMb: 24,
        ...entry,
      }),
      next: NEXT,
    });
    expect(bench.states()).to.deep.equal(["acme enabled", "next enabled"]);
    return bench;
  }

  for (const { title, body, told } of FAULTS) {
    it(`is named and skipped when its mutator ${title}; the next plugin's work stands; it is started again`, async () => {
      const { clock } = await start(body);
      const failed = provision(bench, { BAD: "1" });
      if (/loops|hangs/.test(title)) await clock.advance(TIMEOUT_MS);
      const result = await failed;
      expect(environment(result)).to.deep.equal({ BAD: "1", NEXT: "1" });
      expect(failureIn(result)).to.match(toPattern(told));
      if (/loops|hangs/.test(title)) {
        await clock.advance(250);
        await logged(bench, 'mutator "acme" was aborted and did not end within 250 ms, so it was killed');
      }
      await logged(bench, "it is started again in 100 ms");
      await clock.advance(100);
      expect(environment(await provision(bench))).to.deep.equal({ ACME: "1", NEXT: "1" });
      await logged(bench, "its worker runs again");
    });
  }

  for (const { title, body, told } of FAILURES) {
    it(`is named and skipped when its mutator ${title}; its worker stays`, async () => {
      await start(body);
      const result = await provision(bench, { BAD: "1" });
      expect(environment(result)).to.deep.equal({ BAD: "1", NEXT: "1" });
      expect(failureIn(result)).to.equal(told);
      expect(environment(await provision(bench))).to.deep.equal({ ACME: "1", NEXT: "1" });
      expect(bench.errors()).to.deep.equal([]);
    });
  }

  const late = [
    [
      "edits after it has returned",
      'setTimeout(() => env.set("LATE", "1"), 1);',
      "edited the environment after it had finished",
    ],
    [
      "rejects after it has returned",
      'setTimeout(() => Promise.reject(new Error("too late")), 1);',
      "uncaught exception: too late",
    ],
  ] as const;
  for (const [title, body, told] of late) {
    it(`harms no one when its mutator ${title}: what it did in time stands, its worker is started again`, async () => {
      const { clock } = await start(body);
      expect(environment(await provision(bench, { BAD: "1" }))).to.deep.equal({
        BAD: "1",
        ACME: "1",
        NEXT: "1",
      });
      await logged(bench, told);
      await clock.advance(100);
      expect(environment(await provision(bench))).to.deep.equal({ ACME: "1", NEXT: "1" });
    });
  }

  it("takes the calls that ran beside the bad one along, each with the reason", async () => {
    await start("await pause(20); process.exit(3);");
    const results = await Promise.all([provision(bench, { BAD: "1" }), provision(bench, { BAD: "2" })]);
    expect(results.map(failureIn)).to.deep.equal(
      Array(2).fill('plugin "acme": its worker ended: it exited with code 3'),
    );
    expect(results.map(environment)).to.deep.equal([
      { BAD: "1", NEXT: "1" },
      { BAD: "2", NEXT: "1" },
    ]);
  });

  it("ends the provision when its policy is to fail", async () => {
    await start("process.exit(1);", { onError: "fail" });
    const result = await provision(bench, { BAD: "1" });
    expect(result.ok ? undefined : [result.plugin, result.error.code]).to.deep.equal([
      "acme",
      "PLUGIN_WORKER_CRASHED",
    ]);
    expect(result.ledger().mutators.map(({ mutator, outcome }) => `${mutator}: ${outcome}`)).to.deep.equal([
      "acme: failed",
      "next: not-run",
    ]);
  });

  it("is left alone when its mutator ends by itself once it is aborted", async () => {
    const { clock } = await start(
      'await new Promise((resolve, reject) => ctx.signal.addEventListener("abort", () => { ctx.log.info("gave up: " + ctx.signal.reason.code); reject(ctx.signal.reason); }));',
    );
    const failed = provision(bench, { BAD: "1" });
    await clock.advance(TIMEOUT_MS);
    expect(failureIn(await failed)).to.contain("did not finish within 5000 ms");
    await logged(bench, "gave up: ENV_MUTATOR_TIMEOUT");
    expect(environment(await provision(bench))).to.deep.equal({ ACME: "1", NEXT: "1" });
    await clock.advance(10_000);
    expect(bench.errors()).to.deep.equal([]);
  });

  it("is aborted when the provision is given up", async () => {
    await start(
      'await new Promise((resolve, reject) => ctx.signal.addEventListener("abort", () => { ctx.log.info("gave up"); reject(ctx.signal.reason); }));',
    );
    const giveUp = new AbortController();
    const failed = provision(bench, { BAD: "1" }, { signal: giveUp.signal });
    giveUp.abort();
    const result = await failed;
    expect(result.ok ? undefined : result.error.code).to.equal("ENV_PROVISION_ABORTED");
    await logged(bench, "gave up");
  });

  describe("whose mutator ignores that its provision is called off", () => {
    const HOLD = 'ctx.log.info("began " + env.get("BAD"));';

    /** Two provisions that hang in the plugin, of which the first is called off. */
    async function callOffOneOfTwo(body: string) {
      await start(`${HOLD} ${body}`, { onError: "fail" });
      const giveUp = new AbortController();
      const first = provision(bench, { BAD: "first" }, { signal: giveUp.signal });
      const second = provision(bench, { BAD: "second" });
      await logged(bench, "began second");
      giveUp.abort();
      expect((await first).ok).to.equal(false);
      return { second };
    }

    it("is not killed while other calls run in it; alone with what was called off it is", async () => {
      const { second } = await callOffOneOfTwo(
        'const [word, other] = env.get("BAD").split(" "); const held = (globalThis.held ??= new Map()); if (word === "free") held.get(other)(); else await new Promise((resolve) => held.set(word, resolve));',
      );
      // Its thread answers one message after the other: by now it has heard of the abort.
      expect(environment(await provision(bench))).to.deep.equal({ ACME: "1", NEXT: "1" });
      await bench.clock.advance(2_500);
      expect(bench.errors()).to.deep.equal([]);
      const third = provision(bench, { BAD: "third" });
      await logged(bench, "began third");
      await provision(bench, { BAD: "free second" });
      expect(environment(await second)).to.deep.equal({ BAD: "second", ACME: "1", NEXT: "1" });
      expect(bench.errors()).to.deep.equal([]);
      await provision(bench, { BAD: "free third" });
      expect(environment(await third)).to.deep.equal({ BAD: "third", ACME: "1", NEXT: "1" });
      await logged(bench, 'mutator "acme" was aborted and did not end within 250 ms, so it was killed');
    });

    it("is killed when its thread hears nothing any more", async () => {
      const { second } = await callOffOneOfTwo(
        'if (env.get("BAD") === "second") for (;;);  await pause(1e9);',
      );
      await bench.clock.advance(250);
      expect(bench.errors()).to.deep.equal([]);
      await bench.clock.advance(1_750);
      expect(failureIn(await second)).to.contain("did not end within 250 ms, so it was killed");
    });

    it("is waited for where it is being killed: the next call gets the next thread", async () => {
      await start("await pause(1e9);", { onError: "fail" });
      const giveUp = new AbortController();
      const first = provision(bench, { BAD: "1" }, { signal: giveUp.signal });
      giveUp.abort();
      expect((await first).ok).to.equal(false);
      await bench.clock.advance(250);
      const next = provision(bench);
      await logged(bench, "it is started again in 100 ms");
      await bench.clock.advance(100);
      expect(environment(await next)).to.deep.equal({ ACME: "1", NEXT: "1" });
    });
  });

  it("can't get past the host's rules by answering the host itself", async () => {
    // Its import was call 1, its setup call 2.
    await start(
      'parentPort.postMessage([3, "answer", { edits: [["set", "WORKSPACE_ID", "evil", undefined, false, undefined]], files: [] }]);',
    );
    const result = await provision(bench, { BAD: "1" });
    expect(environment(result)).to.deep.equal({ BAD: "1", NEXT: "1" });
    expect(failureIn(result)).to.contain("WORKSPACE_ID belongs to the platform");
    await logged(bench, "the plugin posts messages of its own");
  });

  const garbage = [
    "undefined",
    "null",
    "[]",
    '["answer"]',
    '[3, "failure"]',
    '[3, "failure", { message: 1 }]',
    '[3, "log", "fatal", "x", {}]',
    '[3, "log", "constructor", "x", {}]',
    '[0, "withdrawn"]',
    '[-1, "answer", {}]',
    '[3, "unheard-of"]',
    '"x".repeat(1000)',
  ];
  it("is not disturbed by messages that make no sense to the host, which tells the log once", async () => {
    await start(`for (const each of [${garbage.join(", ")}]) parentPort.postMessage(each);`);
    expect(environment(await provision(bench, { BAD: "1" }))).to.deep.equal({
      BAD: "1",
      ACME: "1",
      NEXT: "1",
    });
    const warnings = bench.log.lines.filter(({ level }) => level === "warn");
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      "the plugin posts messages of its own from its worker; the host does not understand them",
    ]);
  });

  for (const answer of [
    "7",
    "{ edits: 1, files: [] }",
    '{ edits: [["explode", "A", "x", undefined, false, undefined]], files: [] }',
    '{ edits: [["set", "A", 1, undefined, false, undefined]], files: [] }',
    "{ edits: [{}], files: [] }",
    "{ edits: [], files: [1] }",
    '{ edits: [], files: [], thrown: "x" }',
  ]) {
    it(`fails by name when a call is answered with ${answer}`, async () => {
      await start(`parentPort.postMessage([3, "answer", ${answer}]);`);
      const result = await provision(bench, { BAD: "1" });
      expect(environment(result)).to.deep.equal({ BAD: "1", NEXT: "1" });
      expect(failureIn(result)).to.contain('answered mutator "acme" with something of another shape');
    });
  }
});

function toPattern(told: string | RegExp): RegExp {
  return typeof told === "string"
    ? new RegExp(`^${told.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`)
    : told;
}
