import { expect } from "chai";
import { ImageWorld } from "./image-world.js";

describe("fault 27: a release is published while the host is down", () => {
  let world: ImageWorld;
  beforeEach(async function () {
    this.timeout(300_000);
    world = await ImageWorld.open(this);
  });
  afterEach(async function () {
    this.timeout(60_000);
    await world.end();
  });

  it("is found at boot from what was remembered", async function () {
    this.timeout(180_000);
    const first = await world.images.push(world.name(), "first");
    await world.startHost();
    expect(await world.loop()).to.equal("1 seeded");
    expect(await world.has(first)).to.equal(false);
    await world.host.stop();
    const second = await world.images.push(world.name(), "second");
    await world.startHost();
    expect(await world.loop()).to.equal("1 pulled");
    expect(await world.tagged()).to.include(second);
    expect((await world.events()).map(({ type }) => type)).to.include.members([
      "IMAGE_PULLED",
      "IMAGE_REFRESHED",
    ]);
  });

  it("is found at boot from what runs, where nothing is remembered", async function () {
    this.timeout(180_000);
    const first = await world.images.push(world.name(), "first");
    await world.startHost({ watch: false });
    const container = await world.launch();
    expect(await world.tagged()).to.include(first);
    await world.host.stop();
    const second = await world.images.push(world.name(), "second");
    await world.startHost();
    expect(await world.loop()).to.equal("1 pulled");
    expect(await world.tagged()).to.include(second);
    expect((await world.containers()).map(({ id }) => id)).to.deep.equal([container]);
  });

  it("is no news at the first look when what is here is the newest", async function () {
    this.timeout(180_000);
    await world.images.push(world.name(), "first");
    await world.startHost();
    await world.launch();
    world.proxy.reset();
    expect(await world.cycle()).to.equal("1 unchanged");
    expect(world.proxy.seen.map(({ method, agent }) => `${agent} ${method}`)).to.deep.equal(["node HEAD"]);
  });
});
