import { expect } from "chai";
import { inMemory } from "./engines/in-memory.js";
import type { ModelEngine } from "./engines/model-engine.js";
import { real } from "./engines/real.js";
import { runSequences, type SequenceOptions, type Tally } from "./sequences.js";
import { World } from "./world.js";

/** Sequences on the engine in memory, unless `MODEL_RUNS` says otherwise. */
const RUNS = 40;
/** On a real engine, whose containers take their time: as many as it gets through, and no fewer than the least. */
const REAL = { runs: 20, maxCommands: 12, budgetMs: 60_000, least: 3 };

describe("the life of workspaces, against a model", () => {
  it("leaks nothing and reaps nothing alive, whatever happens in whatever order", async function () {
    const runs = Number(process.env.MODEL_RUNS ?? RUNS);
    const tally = await check(this, await inMemory(), { runs, maxCommands: 30 });
    expect(tally.sequences).to.equal(runs);
  });

  it("and so it does on a real engine", async function () {
    const tally = await check(this, await real(this), REAL);
    expect(tally.sequences).to.be.at.least(REAL.least);
  });
});

async function check(ctx: Mocha.Context, engine: ModelEngine, options: SequenceOptions): Promise<Tally> {
  const world = await World.open(ctx, engine);
  ctx.timeout(240_000 + options.runs * 10_000);
  try {
    const tally = await runSequences(world, options);
    if (ctx.test !== undefined) {
      ctx.test.title += `: ${tally.sequences} sequences, ${tally.commands} commands`;
    }
    return tally;
  } finally {
    await world.close();
  }
}
