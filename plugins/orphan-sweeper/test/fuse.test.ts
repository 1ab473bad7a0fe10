import { expect } from "chai";
import { decideFuse, fuseLimit } from "../dist/fuse.js";

describe("the fuse", () => {
  const ids = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `w${from + index}`);
  const blown = (workspaceIds: readonly string[]) => ({ state: "blown", since: "", workspaceIds }) as const;
  const confirmed = (workspaceIds: readonly string[]) =>
    ({ state: "confirmed", since: "", workspaceIds }) as const;

  it("lets three workspaces through, or a tenth of those in the engine", () => {
    expect([0, 29, 40, 100].map(fuseLimit)).to.deep.equal([3, 3, 4, 10]);
  });

  it("holds while no more are ripe than it lets through", () => {
    const decision = decideFuse(ids(3), ids(3), 3, { state: "whole" });
    expect(decision).to.deep.equal({ allowed: ids(3), blow: null, mend: false });
  });

  it("blows over one more, and lets nothing through", () => {
    const decision = decideFuse(ids(4), ids(4), 3, { state: "whole" });
    expect(decision).to.deep.equal({ allowed: [], blow: ids(4), mend: false });
  });

  it("lets nothing through while it is blown, however few are ripe", () => {
    const decision = decideFuse(ids(1), ids(2), 3, blown(ids(4)));
    expect(decision).to.deep.equal({ allowed: [], blow: null, mend: false });
  });

  it("shows the operator what turned up since it blew", () => {
    expect(decideFuse(ids(5), ids(5), 3, blown(ids(4))).blow).to.deep.equal(ids(5));
  });

  it("mends by itself when nothing is suspect any more", () => {
    expect(decideFuse([], [], 3, blown(ids(4))).mend).to.equal(true);
  });

  it("lets through what was confirmed, and only that", () => {
    const decision = decideFuse(ids(6), ids(6), 3, confirmed(ids(4)));
    expect(decision).to.deep.equal({ allowed: ids(4), blow: null, mend: false });
  });

  it("is whole again when all that was confirmed is gone", () => {
    expect(decideFuse(ids(2, 4), ids(2, 4), 3, confirmed(ids(4)))).to.deep.include({
      allowed: [],
      mend: true,
    });
  });
});
