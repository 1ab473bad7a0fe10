import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { ManualClock } from "@molecule/core/testing";
import { Kinship } from "../../dist/workspaces/kinship.js";
import { addWorkspace } from "../storage/databases.js";
import { useSharedDatabase } from "../http/shared-database.js";

describe("Kinship", () => {
  const database = useSharedDatabase();
  const clock = new ManualClock();
  let kinship: Kinship;
  beforeEach(() => {
    kinship = new Kinship({ database: database.database, clock });
  });
  const add = (parent_id: string | null) => addWorkspace(database.db, { parent_id });

  it("lets a workspace talk to itself, its siblings, its ancestors and its descendants only", async () => {
    const root = await add(null);
    const [left, right] = [await add(root), await add(root)];
    const [leaf, cousin] = [await add(left), await add(right)];
    const kin = [
      [leaf, leaf],
      [left, right],
      [root, leaf],
      [leaf, root],
      [left, leaf],
    ] as const;
    for (const [one, other] of kin) expect(await kinship.mayTalk(one, other)).to.equal(true);
    const strangers = [
      [leaf, right],
      [right, leaf],
      [leaf, cousin],
    ] as const;
    for (const [one, other] of strangers) expect(await kinship.mayTalk(one, other)).to.equal(false);
  });

  it("takes two workspaces without a parent as siblings, but not their children", async () => {
    const [one, other] = [await add(null), await add(null)];
    expect(await kinship.mayTalk(one, other)).to.equal(true);
    expect(await kinship.mayTalk(await add(one), other)).to.equal(false);
  });

  it("lets nobody talk to a workspace that is not there", async () => {
    const one = await add(null);
    expect(await kinship.mayTalk(one, randomUUID())).to.equal(false);
    expect(await kinship.mayTalk(randomUUID(), one)).to.equal(false);
  });

  it("ends when parents form a ring", async () => {
    const [one, outsider] = [await add(null), await add(null)];
    const other = await add(one);
    await database.db.updateTable("workspaces").set({ parent_id: other }).where("id", "=", one).execute();
    expect(await kinship.mayTalk(one, outsider)).to.equal(false);
  });

  it("sees a workspace that has moved within five seconds", async () => {
    const [from, to] = [await add(null), await add(null)];
    const [child, neighbour] = [await add(from), await add(to)];
    expect(await kinship.mayTalk(child, neighbour)).to.equal(false);
    await database.db.updateTable("workspaces").set({ parent_id: to }).where("id", "=", child).execute();
    await clock.advance(5_000);
    expect(await kinship.mayTalk(child, neighbour)).to.equal(true);
  });
});
