import { expect } from "chai";
import fc from "fast-check";
import { orderEntries, type Orderable } from "../../dist/src/plugins/order.js";

const namesOf = (entries: readonly Orderable[]) => orderEntries(entries).entries.map(({ name }) => name);
const cyclesOf = (entries: readonly Orderable[]) => orderEntries(entries).faults.map(({ found }) => found);

describe("orderEntries", () => {
  it("keeps the list's order where nothing asks for another", () => {
    expect(namesOf([{ name: "c" }, { name: "a", after: ["c"] }, { name: "b" }])).to.deep.equal([
      "c",
      "a",
      "b",
    ]);
  });

  it("moves an entry behind those that it is after, and before those that it is before, and no further", () => {
    expect(namesOf([{ name: "a", after: ["c"] }, { name: "b" }, { name: "c" }, { name: "d" }])).to.deep.equal(
      ["b", "c", "a", "d"],
    );
    expect(namesOf([{ name: "a" }, { name: "b" }, { name: "c", before: ["a"] }])).to.deep.equal([
      "b",
      "c",
      "a",
    ]);
  });

  it("tells a cycle in running order, back to its first name", () => {
    expect(
      cyclesOf([
        { name: "a", after: ["c"] },
        { name: "b", after: ["a"] },
        { name: "c", after: ["b"] },
        { name: "d" },
      ]),
    ).to.deep.equal(["the cycle b → c → a → b"]);
  });

  it("tells a cycle without those that only wait for it", () => {
    const entries = [
      { name: "x", after: ["a"] },
      { name: "a", before: ["b"] },
      { name: "b", before: ["a"] },
    ];
    expect(cyclesOf(entries)).to.deep.equal(["the cycle b → a → b"]);
  });

  it("tells an entry that is after itself, and each of several cycles", () => {
    const entries = [
      { name: "a", after: ["a"] },
      { name: "b", after: ["c"] },
      { name: "c", after: ["b"] },
    ];
    expect(cyclesOf(entries)).to.deep.equal(["the cycle a → a", "the cycle c → b → c"]);
  });

  it("takes no notice of names that are not there", () => {
    expect(
      namesOf([
        { name: "a", after: ["x"] },
        { name: "b", before: ["y"] },
      ]),
    ).to.deep.equal(["a", "b"]);
  });

  it("gives an order that keeps to every wish, or a cycle that really is one", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const wishes = fc.array(name, { maxLength: 2 });
    const entry = fc.record({ name, after: wishes, before: wishes });
    const entries = fc.uniqueArray(entry, { selector: (each) => each.name });
    fc.assert(
      fc.property(entries, (list) => {
        const precedes = new Set(
          list.flatMap(({ name: own, after, before }) => [
            ...after.map((other) => `${other}>${own}`),
            ...before.map((other) => `${own}>${other}`),
          ]),
        );
        const { entries: ordered, faults } = orderEntries(list);
        if (faults.length === 0) {
          expect(ordered).to.have.members(list);
          ordered.forEach(({ name: later }, index) => {
            for (const { name: earlier } of ordered.slice(0, index))
              expect(precedes).not.to.include(`${later}>${earlier}`);
          });
        }
        for (const { found } of faults) {
          const cycle = found.replace("the cycle ", "").split(" → ");
          expect(cycle.at(-1)).to.equal(cycle[0]);
          cycle.slice(1).forEach((to, index) => expect(precedes).to.include(`${cycle[index] ?? ""}>${to}`));
        }
      }),
    );
  });
});
