import { expect } from "chai";
import { create, untilStatus } from "../e2e/workspace-api.js";
import { engineObjects } from "./invariants.js";
import { FaultWorld } from "./world.js";

/** A world of a suite, in which a workspace lives that no test may touch; open between its `before` and `after` hooks. */
export interface BystanderWorld {
  readonly world: FaultWorld;
  /** The workspace's id. */
  readonly live: string;
  /** What it has in the engine, as {@link engineObjects} tells it. */
  readonly bystanders: readonly string[];
}

/** Opens such a world for the suite around, and checks after each of its tests that the workspace was let alone. */
export function useBystanderWorld(): BystanderWorld {
  let opened: BystanderWorld | undefined;
  const suite = () => {
    if (opened === undefined) throw new Error("the suite's world is open in its tests only");
    return opened;
  };
  before(async function () {
    const world = await FaultWorld.open(this);
    const live = await create(world.host, { name: "Bystander", runtime: "probe", tier: 2 });
    await untilStatus(world.host, live, "online");
    await world.mark(live);
    const bystanders = await engineObjects(world.engine.docker, [live]);
    opened = { world, live, bystanders };
    expect(bystanders.length).to.be.greaterThan(1);
  });
  afterEach(async () => {
    const { world, live, bystanders } = suite();
    world.proxy.heal();
    await world.check({ accepted: [live], untouched: bystanders });
  });
  after(() => opened?.world.close());
  return {
    get world() {
      return suite().world;
    },
    get live() {
      return suite().live;
    },
    get bystanders() {
      return suite().bystanders;
    },
  };
}
