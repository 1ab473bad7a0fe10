import { expect } from "chai";
import fc from "fast-check";
import { living, type Model } from "../model.js";
import type { World } from "../world.js";
import { Heartbeat, Register, SpeakForThePast } from "./agents.js";
import type { Command } from "./command.js";
import { InterruptEngine } from "./interruptions.js";
import { FailLaunch, MoveOnMeanwhile, type LaunchStep } from "./launches.js";
import { Create, Delete, Pause, remove, Restart, Resume } from "./operators.js";
import { OvertakeAgent } from "./overtaken-agents.js";
import { OvertakeSweep } from "./overtaken-sweeps.js";
import { Race } from "./races.js";
import { JumpClock, Sweep, sweep, TimePasses } from "./sweeps.js";
import { BreakEngine, Kill, LeakByHand, mend, MendEngine, PlantOrphan, type FaultKind } from "./trouble.js";

const pick = fc.nat(9);
const step = fc.constantFrom<LaunchStep>("image", "create", "files", "start");

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
    fc
      .tuple(pick, step, fc.constantFrom("before" as const, "after" as const))
      .map(([at, interrupted, moment]) => new InterruptEngine(at, interrupted, moment)),
    fc.constantFrom(-1, 1).map((hours) => new JumpClock(hours)),
  ];
}

/** The looks at the containers that the sweeps take before they change something. */
const LOOKS = [
  { loop: "workspace-recovery", nth: 1, before: "postponed" },
  { loop: "provision-timeout", nth: 1, before: "overdue" },
  // Its last look, right before it stops a container.
  { loop: "provision-timeout", nth: 2, before: "overdue" },
  { loop: "provision-timeout", nth: 2, before: "overdue" },
  { loop: "health-sweep", nth: 1, before: "killed" },
  { loop: "health-sweep", nth: 2, before: "killed" },
  { loop: "orphan-sweeper", nth: 1, before: "nothing" },
] as const;

function racingCommands(): fc.Arbitrary<Command>[] {
  const by = fc.constantFrom("restart" as const, "pause" as const, "delete" as const);
  const late = fc.constantFrom("call" as const, "answer" as const);
  const overtakeSweep = fc
    .tuple(pick, fc.constantFrom(...LOOKS), late, fc.oneof(by, fc.constant("restart" as const)))
    .map(([at, look, how, asked]) => new OvertakeSweep(at, { ...look, late: how, by: asked }));
  return [
    ...[overtakeSweep, overtakeSweep],
    fc.tuple(pick, fc.boolean()).map(([at, withDelete]) => new Race(at, withDelete)),
    fc
      .tuple(pick, fc.constantFrom("register" as const, "heartbeat" as const), by)
      .map(([at, sign, asked]) => new OvertakeAgent(at, sign, asked)),
    fc
      .tuple(pick, step, fc.constantFrom("refuse" as const, "lose" as const, "drop" as const))
      .map(([at, failing, how]) => new FailLaunch(at, failing, how)),
    fc
      .tuple(pick, fc.constantFrom("failed" as const, "paused" as const, "removed" as const), fc.boolean())
      .map(([at, turn, fails]) => new MoveOnMeanwhile(at, turn, fails)),
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

/** Longer than the clock can be set back in a sequence, and than any grace. */
const CAUGHT_UP_MINUTES = 48 * 60;

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
  // An engine whose clock was set back takes what it made before that for young until it has caught up.
  if (model.orphans.length > 0) await world.age(CAUGHT_UP_MINUTES);
  // A deletion on an engine that is well leaves nothing for the sweeps.
  if (model.unswept || model.orphans.length > 0) await sweep(model, world);
  expect(await world.view.containers()).to.deep.equal([]);
  expect(await world.view.volumes()).to.deep.equal([]);
}
