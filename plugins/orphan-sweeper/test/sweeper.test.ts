import { EventEmitter, once } from "node:events";
import { setImmediate } from "node:timers/promises";
import {
  silentLogger,
  type EngineContainer,
  type EngineInventory,
  type EngineListing,
  type EngineVolume,
  type OwnerReading,
  type OwnerRecords,
  type OwnerRow,
  type SweepFuse,
} from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { expect } from "chai";
import type { EngineObject } from "../dist/rule.js";
import { OrphanSweeper } from "../dist/sweeper.js";
import { container, row, volume, WORKSPACE } from "./objects.js";

const HOUR_MS = 3_600_000;

/** An engine and its records in memory, which note what they are asked. */
class World implements EngineInventory, OwnerRecords {
  objects: EngineObject[] = [];
  readonly owners = new Map<string, OwnerRow | "undecodable">();
  fuseState: SweepFuse = { state: "whole" };
  readonly asked: string[] = [];
  /** Ids whose removal fails. */
  readonly stuck = new Set<string>();
  /** Kinds that can't be listed. */
  readonly unknown = new Set<EngineObject["kind"]>();
  /** Happens once, after rows were read and before the containers are listed; or else the read fails with it. */
  meanwhile: (() => void) | Error | undefined;
  readonly #reads = new EventEmitter();
  /** Lists of containers that are under way. */
  listing = 0;

  async listContainers(): Promise<EngineListing<EngineContainer>> {
    this.listing += 1;
    if (this.meanwhile !== undefined) await once(this.#reads, "read");
    // Later than all that waits for no list.
    await setImmediate();
    this.listing -= 1;
    return this.#listing("container", (each) => (each.kind === "container" ? [each] : []));
  }

  listVolumes(): Promise<EngineListing<EngineVolume>> {
    return Promise.resolve(this.#listing("volume", (each) => (each.kind === "volume" ? [each] : [])));
  }

  now(): Promise<number> {
    this.asked.push("now");
    return Promise.resolve(HOUR_MS);
  }

  removeContainer({ id }: { readonly id: string }): Promise<void> {
    return this.#remove(id);
  }

  removeVolume({ id }: { readonly id: string }): Promise<void> {
    return this.#remove(id);
  }

  read(workspaceIds: readonly string[]): Promise<OwnerReading> {
    this.asked.push(`read ${workspaceIds.length}`);
    const rows = new Map([...this.owners].filter(([id]) => workspaceIds.includes(id)));
    const { meanwhile, fuseState: fuse } = this;
    this.meanwhile = undefined;
    this.#reads.emit("read");
    if (meanwhile instanceof Error) return Promise.reject(meanwhile);
    meanwhile?.();
    return Promise.resolve({ rows, fuse });
  }

  blowFuse(workspaceIds: readonly string[]): Promise<void> {
    this.fuseState = { state: "blown", since: "", workspaceIds };
    return Promise.resolve();
  }

  mendFuse(): Promise<void> {
    this.fuseState = { state: "whole" };
    return Promise.resolve();
  }

  assertLease(): Promise<void> {
    return Promise.resolve();
  }

  #listing<T extends EngineContainer | EngineVolume>(
    kind: EngineObject["kind"],
    pick: (object: EngineObject) => T[],
  ): EngineListing<T> {
    this.asked.push(`list ${kind}s`);
    if (this.unknown.has(kind)) return { state: "unknown", reason: `the ${kind}s are on fire` };
    return { state: "known", objects: this.objects.flatMap(pick) };
  }

  #remove(id: string): Promise<void> {
    this.asked.push(`remove ${id}`);
    if (this.stuck.has(id)) return Promise.reject(new Error("it is on fire"));
    this.objects = this.objects.filter((each) => each.id !== id);
    return Promise.resolve();
  }
}

describe("the orphan sweeper", () => {
  const removals = (world: World) => world.asked.filter((call) => call.startsWith("remove "));
  const sweeperOf = (world: World, clock = new ManualClock()) =>
    new OrphanSweeper({ inventory: world, records: world, clock });
  const tick = (changes: { readonly dryRun?: boolean; readonly fence?: number } = {}) => ({
    signal: new AbortController().signal,
    log: silentLogger,
    dryRun: false,
    fence: 1,
    ...changes,
  });

  it("makes two lists and one query where nothing is to be removed", async () => {
    const world = new World();
    world.objects = [
      container(),
      volume(),
      container({ id: "c2", owner: "unlabelled", workspaceId: null }),
      volume({ id: "v2", workspaceId: "no workspace's" }),
    ];
    world.owners.set(WORKSPACE, row());
    expect(await sweeperOf(world).pass(tick())).to.equal("1 unproven, 1 without labels");
    expect([...world.asked].sort()).to.deep.equal(["list containers", "list volumes", "read 1"]);
  });

  it("reads the rows again of what a row of before the containers' list does not clear, and of that only", async () => {
    const world = new World();
    const cleared = WORKSPACE.replace(/^0/, "1");
    world.objects = [container(), volume(), container({ id: "c2", workspaceId: cleared })];
    world.objects.push(volume({ id: "v2", workspaceId: cleared }));
    const young = row({ attempt: 1, lastAttempt: 1 });
    for (const [before, after] of [
      [undefined, row()],
      [young, row()],
      ["undecodable", row()],
    ] as const) {
      world.owners.clear();
      world.owners.set(cleared, row());
      if (before !== undefined) world.owners.set(WORKSPACE, before);
      world.meanwhile = () => world.owners.set(WORKSPACE, after);
      world.asked.length = 0;
      expect(await sweeperOf(world).pass(tick())).to.equal(undefined);
      expect(world.asked).to.deep.equal(["list volumes", "read 2", "list containers", "read 1"]);
    }
  });

  it("leaves what a row of before the containers' list clears to the next pass", async () => {
    const world = new World();
    world.objects = [container(), volume()];
    world.owners.set(WORKSPACE, row());
    world.meanwhile = () => world.owners.set(WORKSPACE, row({ removed: true }));
    const sweeper = sweeperOf(world);
    expect(await sweeper.pass(tick())).to.equal(undefined);
    expect(await sweeper.pass(tick())).to.equal("2 removed");
  });

  it("removes what an operator confirms while the containers are listed, and takes no confirmation back", async () => {
    const world = new World();
    world.objects = [1, 2, 3, 4].map((n) =>
      container({ id: `c${n}`, workspaceId: WORKSPACE.replace(/^./, String(n)) }),
    );
    const sweeper = sweeperOf(world);
    await sweeper.pass(tick());
    expect(await sweeper.pass(tick())).to.equal("4 held back by the fuse");
    const blown = world.fuseState;
    if (blown.state === "whole") throw new Error("it is blown");
    world.meanwhile = () => {
      world.fuseState = { ...blown, state: "confirmed" };
    };
    expect(await sweeper.pass(tick())).to.equal("4 removed");
    expect(world.fuseState.state).to.equal("confirmed");
    expect(await sweeper.pass(tick())).to.equal(undefined);
    expect(world.fuseState).to.deep.equal({ state: "whole" });
  });

  it("leaves no list behind when the rows can't be read", async () => {
    const world = new World();
    world.meanwhile = new Error("the database is on fire");
    const failed = await sweeperOf(world)
      .pass(tick())
      .catch((error: unknown) => error);
    expect(failed).to.have.property("message", "the database is on fire");
    expect(world.listing).to.equal(0);
  });

  it("removes the containers of a removed workspace before its volumes, with the proof in the log", async () => {
    const world = new World();
    world.objects = [volume(), container(), container({ id: "c2", attempt: 1 })];
    world.owners.set(WORKSPACE, row({ removed: true }));
    const log = new RecordingLogger();
    expect(await sweeperOf(world).pass({ ...tick(), log })).to.equal("3 removed");
    expect(removals(world)).to.deep.equal(["remove c1", "remove c2", "remove v1"]);
    expect(log.lines.map(({ fields }) => fields.proof)).to.deep.equal(["removed", "removed", "removed"]);
  });

  it("keeps the volumes of a workspace while one of its containers can't be removed, and tries again for ever", async () => {
    const world = new World();
    world.objects = [volume(), container(), container({ id: "c2" })];
    world.owners.set(WORKSPACE, row({ removed: true }));
    world.stuck.add("c2");
    const sweeper = sweeperOf(world);
    for (let pass = 0; pass < 3; pass += 1) {
      expect(await sweeper.pass(tick())).to.contain("not removed: container ws-c1: it is on fire");
    }
    expect(removals(world)).not.to.include("remove v1");
    world.stuck.clear();
    expect(await sweeper.pass(tick())).to.equal("2 removed");
    expect(world.objects).to.deep.equal([]);
  });

  it("removes what has no row only when two passes under one lease agree", async () => {
    const world = new World();
    world.objects = [container()];
    const sweeper = sweeperOf(world);
    expect(await sweeper.pass(tick({ fence: 1 }))).to.equal("1 waiting");
    // The lease was elsewhere in between.
    expect(await sweeper.pass(tick({ fence: 2 }))).to.equal("1 waiting");
    expect(await sweeper.pass(tick({ fence: 2 }))).to.equal("1 removed");
  });

  it("leaves what has no row alone while it is young, or of unknown age", async () => {
    const world = new World();
    world.objects = [container({ createdAt: HOUR_MS - 599_000 }), volume({ createdAt: null })];
    const sweeper = sweeperOf(world);
    for (let pass = 0; pass < 3; pass += 1) expect(await sweeper.pass(tick())).to.equal("2 waiting");
    expect(removals(world)).to.deep.equal([]);
  });

  for (const jump of [HOUR_MS, -HOUR_MS]) {
    it(`believes no age for the grace after the clock was set by ${jump / 60_000} min`, async () => {
      const world = new World();
      const clock = new ManualClock();
      const sweeper = sweeperOf(world, clock);
      await sweeper.pass(tick());
      clock.jump(jump);
      // As old as its engine has it, whose clock is the same.
      world.objects = [container()];
      for (let pass = 0; pass < 10; pass += 1) {
        expect(await sweeper.pass(tick())).to.equal("1 waiting");
        await clock.advance(60_000);
      }
      expect(await sweeper.pass(tick())).to.equal("1 removed");
    });
  }

  it("changes nothing in a dry run, which agrees with dry runs and counts for no pass", async () => {
    const world = new World();
    world.objects = [container()];
    const sweeper = sweeperOf(world);
    expect(await sweeper.pass(tick({ dryRun: true }))).to.equal("1 waiting");
    for (const fence of [1, 2])
      expect(await sweeper.pass(tick({ dryRun: true, fence }))).to.equal("1 would be removed");
    expect(await sweeper.pass(tick())).to.equal("1 waiting");
    expect(removals(world)).to.deep.equal([]);
  });

  it("tells of the fuse in dry runs and lists, also where it never makes a pass, and does not blow it", async () => {
    const world = new World();
    world.objects = Array.from({ length: 4 }, (_, n) =>
      container({ id: `c${n}`, workspaceId: WORKSPACE.replace(/^./, String(n)) }),
    );
    const sweeper = sweeperOf(world);
    const call = { signal: new AbortController().signal, log: silentLogger };
    const verdicts = async () =>
      new Set((await sweeper.examine(call)).findings.map(({ verdict }) => verdict));
    expect([...(await verdicts())]).to.deep.equal(["wait"]);
    expect([...(await verdicts())]).to.deep.equal(["fuse"]);
    expect(await sweeper.pass(tick({ dryRun: true }))).to.equal("4 held back by the fuse");
    expect(world.fuseState).to.deep.equal({ state: "whole" });
  });

  it("leaves what was adopted after it was judged", async () => {
    const world = new World();
    world.objects = [container(), volume()];
    const sweeper = sweeperOf(world);
    await sweeper.pass(tick());
    world.assertLease = () => {
      world.owners.set(WORKSPACE, row());
      return Promise.resolve();
    };
    expect(await sweeper.pass(tick())).to.equal(undefined);
    expect(removals(world)).to.deep.equal([]);
  });

  for (const kind of ["container", "volume"] as const) {
    it(`concludes nothing where the ${kind}s can't be listed`, async () => {
      const world = new World();
      world.objects = [container(), volume()];
      world.owners.set(WORKSPACE, row({ removed: true }));
      world.unknown.add(kind);
      const told = `skipped: nothing is known of the engine: the ${kind}s are on fire`;
      expect(await sweeperOf(world).pass(tick())).to.equal(told);
      expect(removals(world)).to.deep.equal([]);
      expect(world.listing).to.equal(0);
    });
  }
});
