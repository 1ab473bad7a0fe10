import { expect } from "chai";
import fc from "fast-check";
import type { Command } from "./commands/command.js";
import { begin, commands, windUp } from "./commands/index.js";
import { newModel } from "./model.js";
import type { World } from "./world.js";

/** How many sequences are run, and how long they are. */
export interface SequenceOptions {
  readonly runs: number;
  readonly maxCommands: number;
  /** Ms after which no further sequence is begun; none unless told. */
  readonly budgetMs?: number;
  /** Are begun however long they take. */
  readonly least?: number;
}

/** What was run. */
export interface Tally {
  readonly sequences: number;
  readonly commands: number;
}

/** Runs sequences of commands on the world, each from its beginning, until one of them shows a fault. */
export async function runSequences(world: World, options: SequenceOptions): Promise<Tally> {
  const { runs, maxCommands, budgetMs = Infinity, least = 0 } = options;
  const seed = process.env.MODEL_SEED;
  const deadline = performance.now() + budgetMs;
  const tally = { sequences: 0, commands: 0 };
  const bystanders = await world.view.bystanders();
  const property = fc.asyncProperty(commands(maxCommands), async (sequence) => {
    if (tally.sequences >= least && performance.now() > deadline) return;
    tally.sequences += 1;
    const model = newModel();
    await world.reset();
    await begin(model, world);
    await fc.asyncModelRun(
      () => ({ model, real: world }),
      counted(sequence, () => (tally.commands += 1)),
    );
    await windUp(model, world);
    expect(await world.view.bystanders(), "what belongs to others").to.deep.equal(bystanders);
  });
  // Else the first ones would be short.
  const unbiased = true;
  await fc.assert(property, {
    numRuns: runs,
    unbiased,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  });
  return tally;
}

/** The same commands, which tell when they run. */
function* counted(sequence: Iterable<Command>, onRun: () => void): Iterable<Command> {
  for (const command of sequence) {
    yield {
      check: (model) => command.check(model),
      run: async (model, world) => {
        onRun();
        await command.run(model, world);
      },
      toString: () => command.toString(),
    };
  }
}
