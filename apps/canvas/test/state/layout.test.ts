import { expect } from "chai";
import fc from "fast-check";
import { CARD, type Positions } from "../../dist-test/src/state/board.js";
import { placeAll, type Placeable } from "../../dist-test/src/state/layout.js";

function unplaced(id: string, parentId: string | null = null): Placeable {
  return { id, parentId, x: 0, y: 0 };
}

function at(positions: Positions, id: string) {
  const point = positions.get(id);
  if (point === undefined) throw new Error(`${id} has no place`);
  return point;
}

describe("placeAll", () => {
  it("leaves what the platform placed where it is", () => {
    const placed = placeAll([{ id: "a", parentId: null, x: -40, y: 900 }], new Map([["a", { x: 1, y: 1 }]]));
    expect(at(placed, "a")).to.deep.equal({ x: -40, y: 900 });
  });

  it("lays roots in rows of four", () => {
    const placed = placeAll(
      ["a", "b", "c", "d", "e"].map((id) => unplaced(id)),
      new Map(),
    );
    expect(new Set(["a", "b", "c", "d"].map((id) => at(placed, id).y)).size).to.equal(1);
    expect(at(placed, "e").x).to.equal(at(placed, "a").x);
    expect(at(placed, "e").y).to.be.greaterThan(at(placed, "a").y);
  });

  it("puts a parent above the middle of its children", () => {
    const placed = placeAll([unplaced("p"), unplaced("l", "p"), unplaced("r", "p")], new Map());
    expect(at(placed, "p").x).to.equal((at(placed, "l").x + at(placed, "r").x) / 2);
    expect(at(placed, "l").y).to.equal(at(placed, "r").y).and.be.greaterThan(at(placed, "p").y);
  });

  it("puts a child that comes later below its parent, and moves nobody for it", () => {
    const first = placeAll([unplaced("p"), unplaced("other")], new Map());
    const later = placeAll([unplaced("p"), unplaced("other"), unplaced("child", "p")], first);
    expect(at(later, "p")).to.deep.equal(at(first, "p"));
    expect(at(later, "other")).to.deep.equal(at(first, "other"));
    expect(at(later, "child").x).to.equal(at(later, "p").x);
    expect(at(later, "child").y).to.be.greaterThan(at(later, "p").y);
  });

  it("puts nobody else between the branches of a tree, also when it was placed before", () => {
    const tree = [unplaced("p"), unplaced("l", "p"), unplaced("m", "p"), unplaced("r", "p")];
    const together = placeAll([...tree, unplaced("other")], new Map());
    const later = placeAll([...tree, unplaced("other")], placeAll(tree, new Map()));
    expect(Object.fromEntries(later)).to.deep.equal(Object.fromEntries(together));
    expect(at(later, "other").x).to.be.greaterThan(at(later, "r").x);
  });

  it("gives every workspace a place of its own, whatever tree they make and whoever comes later", () => {
    const trees = fc.array(fc.nat(), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(trees, fc.nat(), (parents, split) => {
        const all = parents.map((parent, index) =>
          unplaced(`w${index}`, index === 0 || parent % 3 === 0 ? null : `w${parent % index}`),
        );
        const first = placeAll(all.slice(0, split % all.length), new Map());
        const places = [...placeAll(all, first).values()];
        expect(places).to.have.length(all.length);
        places.forEach((one, index) => {
          for (const other of places.slice(index + 1)) {
            const apart = Math.abs(one.x - other.x) >= CARD.width || Math.abs(one.y - other.y) >= CARD.height;
            expect(apart).to.be.true;
          }
        });
      }),
      { numRuns: 200 },
    );
  });

  it("ends where parents make a ring, which a host never sends", () => {
    const ring = [unplaced("a", "b"), unplaced("b", "a"), unplaced("c")];
    expect([...placeAll(ring, new Map()).keys()]).to.deep.equal(["c"]);
  });
});
