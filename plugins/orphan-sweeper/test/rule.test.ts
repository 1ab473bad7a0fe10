import type { OwnerRow } from "@molecule/core";
import { expect } from "chai";
import { judge, type EngineObject } from "../dist/rule.js";
import { container, row, volume, WORKSPACE } from "./objects.js";

describe("the reaping rule", () => {
  const verdict = (object: EngineObject, owner?: OwnerRow | "undecodable") => {
    const judgement = judge(object, new Map(owner === undefined ? [] : [[WORKSPACE, owner]]));
    return "proof" in judgement ? `${judgement.kind} ${judgement.proof}` : judgement.kind;
  };

  for (const [what, object, owner, expected] of [
    ["a container of the current attempt", container(), row(), "owned"],
    ["a container of a removed workspace", container(), row({ removed: true }), "proven removed"],
    ["a volume of a removed workspace", volume(), row({ removed: true }), "proven removed"],
    ["a container of an older attempt", container({ attempt: 1 }), row(), "proven superseded"],
    ["a volume of an older attempt, which later ones keep", volume(), row(), "owned"],
    ["the old container of a rollout", container({ attempt: 1 }), row({ rolloutAttempts: [1, 2] }), "owned"],
    [
      "the new container of a rollout that is not decided",
      container({ attempt: 3 }),
      row({ lastAttempt: 3, rolloutAttempts: [2, 3] }),
      "owned",
    ],
    [
      "the new container of a rollout that was undone",
      container({ attempt: 3 }),
      row({ lastAttempt: 3 }),
      "proven superseded",
    ],
    ["a container that is newer than all its row knows of", container({ attempt: 5 }), row(), "unproven"],
    ["a container without a row", container(), undefined, "suspect no-row"],
    ["a volume without a row", volume(), undefined, "suspect no-row"],
    ["a container whose row can't be made sense of", container(), "undecodable", "unproven"],
    [
      "a container whose label names no workspace",
      container({ workspaceId: "x'; --" }),
      undefined,
      "unproven",
    ],
    ["a container without an attempt", container({ attempt: null }), row(), "unproven"],
    ["another installation's container", container({ owner: "foreign" }), row({ removed: true }), "unproven"],
    ["a container without labels", container({ owner: "unlabelled" }), undefined, "unproven"],
  ] as const) {
    it(`says "${expected}" of ${what}`, () => {
      expect(verdict(object, owner)).to.equal(expected);
    });
  }
});
