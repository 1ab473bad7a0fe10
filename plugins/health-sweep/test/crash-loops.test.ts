import type { EngineContainer } from "@molecule/core";
import { expect } from "chai";
import { CrashLoops } from "../dist/crash-loops.js";

function container(id: string, state: EngineContainer["state"]): EngineContainer {
  return {
    kind: "container",
    id,
    name: `ws-${id}`,
    owner: "ours",
    workspaceId: id,
    attempt: 1,
    runtime: "demo",
    createdAt: 0,
    state,
    url: null,
  };
}

describe("crash loops", () => {
  it("are containers that are found restarting in every pass for 25 s", () => {
    const loops = new CrashLoops();
    const looping = (now: number, ...containers: EngineContainer[]) => [...loops.observe(containers, now)];
    expect(looping(0, container("a", "changing"), container("b", "changing"))).to.deep.equal([]);
    expect(looping(15_000, container("a", "changing"), container("b", "running"))).to.deep.equal([]);
    expect(looping(30_000, container("a", "changing"), container("b", "changing"))).to.deep.equal(["a"]);
    expect(looping(45_000, container("a", "changing"), container("b", "changing"))).to.deep.equal(["a"]);
    expect(looping(60_000, container("b", "changing"))).to.deep.equal(["b"]);
    expect(looping(75_000)).to.deep.equal([]);
  });
});
