import { expect } from "chai";
import { applyDraft, draftOf } from "../../../dist/src/hooks/boot-tasks/env-draft.js";

describe("applyDraft", () => {
  it("tells just the names that are others now", () => {
    const env: Record<string, string | undefined> = { KEPT: "1", CHANGED: "1", REMOVED: "1" };
    const draft = draftOf(env);
    draft.CHANGED = "2";
    draft.ADDED = "";
    draft.REMOVED = undefined;
    expect(env).to.deep.equal({ KEPT: "1", CHANGED: "1", REMOVED: "1" });
    expect(applyDraft(env, draft)).to.have.members(["CHANGED", "ADDED", "REMOVED"]);
    expect(env).to.deep.equal({ KEPT: "1", CHANGED: "2", ADDED: "" });
  });

  it("takes a variable of any name that an object has by nature", () => {
    const draft = draftOf({});
    expect(draft.constructor).to.equal(undefined);
    for (const name of ["__proto__", "toString"]) draft[name] = "value";
    expect(Object.keys(draft)).to.deep.equal(["__proto__", "toString"]);
  });
});
