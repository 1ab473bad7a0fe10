import fc from "fast-check";
import { commands, windUp } from "./commands.js";
import { newModel, type Model } from "./model.js";
import { World } from "./world.js";

/** Sequences in one run; `MODEL_RUNS` asks for more. */
const RUNS = 150;

describe("the life of workspaces, against a model", () => {
  let world: World;
  before(async function () {
    world = await World.open(this);
  });
  after(async function () {
    this.timeout(30_000);
    await world.close();
  });

  it("leaks nothing and reaps nothing alive, whatever happens in whatever order", async function () {
    const numRuns = Number(process.env.MODEL_RUNS ?? RUNS);
    this.timeout(numRuns * 5_000);
    const bystanders = world.bystanders();
    const property = fc.asyncProperty(commands(), async (sequence) => {
      const model: Model = newModel();
      await fc.asyncModelRun(() => ({ model, real: world }), sequence);
      await windUp(model, world);
      if (world.bystanders().join() !== bystanders.join()) throw new Error("a bystander was touched");
    });
    await fc.assert(property, { numRuns, endOnFailure: false });
  });
});
