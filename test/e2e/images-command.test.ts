import { expect } from "chai";
import { ImageWorld } from "../faults/image-world.js";
import { runMolecule } from "../support/cli.js";

describe("molecule images, on a running host", () => {
  let world: ImageWorld;
  before(async function () {
    world = await ImageWorld.open(this, { runtimes: ["one", "two"] });
    for (const runtime of ["one", "two"]) await world.images.push(world.name(runtime), runtime);
    await world.startHost();
  });
  after(async function () {
    this.timeout(240_000);
    await world.end();
  });

  const molecule = (...args: string[]) => runMolecule(["images", ...args, "--url", world.host.url]);

  it("refresh tells each step in a line where it writes to no terminal", async function () {
    this.timeout(240_000);
    const digest = await world.images.push(world.name(), "one, new");
    const { code, output } = await molecule("refresh", "--runtime", "one");
    expect(code, output).to.equal(0);
    const short = digest.slice(0, 19);
    expect(output).to.include(`one: pulling ${world.proxy.host}/${world.name()} (${short})\n`);
    expect(output).to.include(`one: pulled ${short}\n`);
    expect(output).to.match(/^pulled: one$/m);
    expect(output.includes(String.fromCharCode(27)), "escape sequences").to.equal(false);
  });

  it("refresh ends with 1 where a runtime failed, says why, and has done the others", async function () {
    this.timeout(240_000);
    await world.images.unpush(world.name("two"));
    const { code, output } = await molecule("refresh");
    expect(code).to.equal(1);
    expect(output).to.match(/^pulled: one$/m);
    expect(output).to.match(/two.*the registry has no image/);
  });

  it("list tells what is known of each image", async function () {
    this.timeout(240_000);
    await world.cycle();
    const { code, output } = await molecule("list");
    expect(code, output).to.equal(0);
    expect(output).to.include(`one  ${world.proxy.host}/${world.name()} (registry)\n  known      sha256:`);
    expect(output).to.match(/last check unchanged/);
    expect(output).to.match(/last check the registry has no image/);
    const json: unknown = JSON.parse((await molecule("list", "--json")).output);
    expect(json).to.have.nested.property("images[1].runtime", "two");
  });
});
