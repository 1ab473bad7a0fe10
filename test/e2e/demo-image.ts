import { expect } from "chai";
import { runMolecule } from "../support/cli.js";
import type { Engine } from "../support/engine.js";

/** Builds the image of the template `demo` by the command that people use, on a base made from this machine. */
export async function buildDemoImage(engine: Engine): Promise<void> {
  const base = await engine.nodeBase();
  const built = await runMolecule(["images", "build", "demo", "--build-arg", `BASE=${base}`], {
    env: engine.env,
  });
  expect(built.code, built.output).to.equal(0);
}
