import { itRunsWorkspaces } from "../contract.js";
import { DockerWorld } from "./world.js";

describe("docker runtime", () => {
  let world: DockerWorld;
  before(async function () {
    world = await DockerWorld.open(this);
  });
  after(() => world.cleanUp());

  itRunsWorkspaces(() => world);
});
