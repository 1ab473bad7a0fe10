import { expect } from "chai";
import type { ChainInput } from "@molecule/core";
import { WriteConflicts } from "../../dist/src/plugins/write-conflicts.js";
import { PluginBench, pluginSource, type Fixture } from "../support/plugins.js";

describe("WriteConflicts", () => {
  const set = (...keys: string[]) =>
    keys.map((key) => ({ operation: "set", key, value: "x", secret: false }) as const);
  const writer = (name: string, ...writes: string[]) => ({ name, env: { writes } });

  it("tells by the manifest's globs what two plugins may both write", () => {
    const conflicts = new WriteConflicts();
    const others = [writer("a", "GH_*", "HOME"), writer("b", "OTHER"), { name: "undeclared" }];
    expect(conflicts.between(writer("c", "GH_TOKEN", "*_USER", "HOME"), others)).to.deep.equal([
      { variable: "GH_TOKEN", plugin: "a", basis: "declared" },
      { variable: "*_USER and GH_*", plugin: "a", basis: "declared" },
      { variable: "HOME", plugin: "a", basis: "declared" },
    ]);
  });

  it("tells what both were seen to set, and what one was seen to set and the other may", () => {
    const conflicts = new WriteConflicts();
    expect(conflicts.note("a", set("X", "Y"))).to.deep.equal([]);
    expect(conflicts.note("b", set("Y"))).to.deep.equal([{ variable: "Y", plugin: "a", basis: "seen" }]);
    expect(conflicts.between({ name: "b" }, [{ name: "a" }, { name: "b" }])).to.deep.equal([
      { variable: "Y", plugin: "a", basis: "seen" },
    ]);
    expect(conflicts.between(writer("c", "X"), [{ name: "a" }])).to.deep.equal([
      { variable: "X", plugin: "a", basis: "declared" },
    ]);
  });

  it("takes note of each variable once, and of `set` alone", () => {
    const conflicts = new WriteConflicts();
    conflicts.note("a", set("X"));
    const [edit] = set("X");
    const gentle = (["setDefault", "prepend", "append", "unset"] as const).map((operation) => ({
      ...edit,
      key: "X",
      value: "x",
      secret: false,
      operation,
    }));
    expect(conflicts.note("b", gentle)).to.deep.equal([]);
    expect(conflicts.note("b", set("X"))).to.have.length(1);
    expect(conflicts.note("b", set("X"))).to.deep.equal([]);
  });

  it("remembers a bounded number of variables of a plugin", () => {
    const conflicts = new WriteConflicts();
    const many = Array.from({ length: 5_000 }, (_, index) => `K${index}`);
    conflicts.note("a", set(...many));
    conflicts.note("b", set(...many));
    expect(conflicts.between({ name: "b" }, [{ name: "a" }])).to.have.length(1_024);
  });
});

describe("Conflicts of plugins", () => {
  let bench: PluginBench | undefined;
  afterEach(async () => {
    await bench?.end();
    bench = undefined;
  });

  function setter(name: string, entry: Fixture["entry"] = {}): Fixture {
    const body = `ctx.envMutators.add({ name: ${JSON.stringify(name)}, mutate: (env) => env.set("SHARED", ${JSON.stringify(name)}) });`;
    return { source: pluginSource(name, body), entry };
  }

  async function boot(fixtures: Readonly<Record<string, Fixture>>): Promise<PluginBench> {
    bench = await PluginBench.make(fixtures);
    await bench.kernel.boot("storage");
    return bench;
  }

  function provision(made: PluginBench) {
    const facts: ChainInput["facts"] = {
      workspaceId: "11111111-1111-4111-8111-111111111111",
      name: "Hello",
      role: null,
      runtime: "demo",
      tier: 2,
      parentId: null,
      attempt: 1,
      dryRun: false,
    };
    const mutators = made.kernel.registries.envMutators.entries();
    const signal = new AbortController().signal;
    return made.kernel.runChain({ layers: [], mutators, facts, fileRoot: "", signal });
  }

  const warnings = (made: PluginBench) =>
    made.log.lines.filter(({ level }) => level === "warn").map(({ message }) => message);

  it("are told in the log, the boot tree and the status when the second one loads", async () => {
    const made = await boot({
      first: setter("first", { env: { writes: ["SHARED"] } }),
      second: setter("second", { env: { writes: ["SHAR*"] } }),
      idle: { source: pluginSource("idle", ""), entry: { env: { writes: ["SHARED"] } } },
    });
    expect(warnings(made)).to.deep.equal([
      'plugin "second": it may set SHARED, as plugin "first" does; the later one in the chain, "second", wins. Disable one of them, narrow its env.writes, or order them with "after"',
    ]);
    expect(made.kernel.report.render()).to.contain("env mutator second, CONFLICT with first over SHARED");
    const basis = "declared";
    expect(made.status("second").conflicts).to.deep.equal([{ variable: "SHARED", plugin: "first", basis }]);
    expect(made.status("first").conflicts).to.deep.equal([{ variable: "SHARED", plugin: "second", basis }]);
    expect(made.status("idle").conflicts).to.deep.equal([]);
  });

  it("are told when a plugin that was seen to set a variable is enabled again, and gone with it", async () => {
    const made = await boot({ first: setter("first"), second: setter("second", { enabled: false }) });
    await provision(made);
    await made.kernel.plugins.toggle("second", true);
    expect(warnings(made)).to.deep.equal([]);
    await provision(made);
    await provision(made);
    expect(warnings(made)).to.have.length(1);
    await made.kernel.plugins.toggle("first", false);
    expect(made.status("second").conflicts).to.deep.equal([]);
    await made.kernel.plugins.toggle("first", true);
    expect(warnings(made)).to.have.length(2);
    expect(warnings(made)[1]).to.contain(
      'plugin "first": it sets SHARED, as plugin "second" does; the later one in the chain, "second", wins',
    );
    expect(made.status("first").conflicts).to.deep.equal([
      { variable: "SHARED", plugin: "second", basis: "seen" },
    ]);
  });

  it("stand in the ledger, the winner last", async () => {
    const made = await boot({ first: setter("first"), second: setter("second") });
    const result = await provision(made);
    expect(result.ledger().conflicts).to.deep.equal([{ key: "SHARED", plugins: ["first", "second"] }]);
  });
});
