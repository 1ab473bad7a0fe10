import { expect } from "chai";
import fc from "fast-check";
import { living, type Model } from "../model.js";
import { SWEEPS, type World } from "../world.js";
import { Heartbeat, Register, SpeakForThePast } from "./agents.js";
import type { Command } from "./command.js";
import { FailLaunch, MoveOnMeanwhile } from "./launches.js";
import { Create, Delete, Pause, remove, Restart, Resume } from "./operators.js";
import { OvertakeAgent } from "./overtaken-agents.js";
import { OvertakeSweep } from "./overtaken-sweeps.js";
import { Race } from "./races.js";
import { JumpClock, Sweep, sweep, TimePasses, timePasses } from "./sweeps.js";
import {
  BreakEngine,
  InterruptEngine,
  Kill,
  LeakByHand,
  mend,
  MendEngine,
  PlantOrphan,
  type FaultKind,
} from "./trouble.js";

const pick = fc.nat(9);

/** What goes right, most of the time. */
function plainCommands(): fc.Arbitrary<Command>[] {
  const create = fc.option(pick).map((parent) => new Create(parent));
  const register = pick.map((at) => new Register(at));
  const heartbeat = fc.tuple(pick, fc.constantFrom(0, 0.3, 0.9)).map(([at, rate]) => new Heartbeat(at, rate));
  return [
    // More of these than of what goes wrong: most of the others have nothing to do before them.
    ...[create, create, register, register, register, heartbeat, heartbeat],
    pick.map((at) => new SpeakForThePast(at)),
    pick.map((at) => new Restart(at)),
    pick.map((at) => new Pause(at)),
    pick.map((at) => new Resume(at)),
    pick.map((at) => new Delete(at)),
    fc.constant(new Sweep()),
    fc.constant(new TimePasses()),
  ];
}

function troubledCommands(): fc.Arbitrary<Command>[] {
  const kind = fc.constantFrom<FaultKind>("refuse", "lose", "drop", "slow");
  return [
    pick.map((at) => new Kill(at)),
    pick.map((at) => new LeakByHand(at)),
    fc.boolean().map((isOld) => new PlantOrphan(isOld)),
    fc.tuple(kind, fc.constantFrom(1, 2, 3)).map(([how, every]) => new BreakEngine(how, every)),
    fc.constant(new MendEngine()),
    fc.constant(new InterruptEngine()),
    fc.constantFrom(-1, 1).map((hours) => new JumpClock(hours)),
  ];
}

function racingCommands(): fc.Arbitrary<Command>[] {
  const by = fc.constantFrom("restart" as const, "pause" as const, "delete" as const);
  const sweeps = fc.record({
    loop: fc.constantFrom(...SWEEPS),
    nth: fc.constantFrom(1, 2, 3),
    late: fc.constantFrom("call" as const, "answer" as const),
    by,
    isOverdue: fc.boolean(),
  });
  return [
    fc.tuple(pick, fc.boolean()).map(([at, withDelete]) => new Race(at, withDelete)),
    fc
      .tuple(pick, fc.constantFrom("register" as const, "heartbeat" as const), by)
      .map(([at, sign, asked]) => new OvertakeAgent(at, sign, asked)),
    fc
      .tuple(
        pick,
        fc.constantFrom("image" as const, "create" as const, "files" as const, "start" as const),
        fc.constantFrom("refuse" as const, "lose" as const, "drop" as const),
      )
      .map(([at, step, how]) => new FailLaunch(at, step, how)),
    fc
      .tuple(pick, fc.constantFrom("failed" as const, "paused" as const, "removed" as const), fc.boolean())
      .map(([at, turn, fails]) => new MoveOnMeanwhile(at, turn, fails)),
    fc.tuple(pick, sweeps).map(([at, options]) => new OvertakeSweep(at, options)),
  ];
}

/** What a sequence is made of. */
export function commands(maxCommands: number): fc.Arbitrary<Iterable<Command>> {
  return fc.commands(
    [...plainCommands(), ...troubledCommands(), ...racingCommands()],
    // The default size would end most of them after three or four.
    { maxCommands, size: "medium" },
  );
}

/** What every sequence starts from: a workspace that is online, and one below it that has not registered yet. */
export async function begin(model: Model, world: World): Promise<void> {
  await new Create(null).run(model, world);
  await new Register(0).run(model, world);
  await new Create(0).run(model, world);
}

/** Removes everything, and sees that the engine holds nothing any more. */
export async function windUp(model: Model, world: World): Promise<void> {
  mend(model, world);
  for (const root of living(model).filter(({ parent }) => parent === null || parent.status === "removed")) {
    await remove(root, model, world);
  }
  if (model.orphans.length > 0) await timePasses(model, world);
  await sweep(model, world);
  expect(await world.view.containers()).to.deep.equal([]);
  expect(await world.view.volumes()).to.deep.equal([]);
}
