import { expect } from "chai";
import fc from "fast-check";
import { begin, commands, windUp } from "./commands.js";
import { newModel, type Model } from "./model.js";
import { World } from "./world.js";

/** Sequences in one run; `MODEL_RUNS` asks for more, and `MODEL_SEED` for those of a run that failed. */
const RUNS = 60;

describe("the life of workspaces, against a model", () => {
  it("leaks nothing and reaps nothing alive, whatever happens in whatever order", async function () {
    const numRuns = Number(process.env.MODEL_RUNS ?? RUNS);
    const seed = process.env.MODEL_SEED;
    const world = await World.open(this);
    this.timeout(60_000 + numRuns * 5_000);
    try {
      const property = fc.asyncProperty(commands(), async (sequence) => {
        await world.reset();
        const bystanders = world.bystanders();
        const model: Model = newModel();
        await begin(model, world);
        await fc.asyncModelRun(() => ({ model, real: world }), sequence);
        await windUp(model, world);
        expect(world.bystanders(), "what belongs to others").to.deep.equal(bystanders);
      });
      await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) });
    } finally {
      await world.close();
    }
  });
});
