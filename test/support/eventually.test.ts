import { expect } from "chai";
import { eventually } from "./eventually.js";

describe("eventually", () => {
  it("answers the first thing that is neither undefined nor false, past throws", async () => {
    const answers = [undefined, false, new Error("not yet"), 0];
    const seen = await eventually(() => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      return next;
    });
    expect(seen).to.equal(0);
  });

  it("fails at the deadline with what was awaited and what was last seen", async () => {
    const failure = await eventually(() => Promise.reject(new Error("still shut")), {
      what: "the door is open",
      timeoutMs: 30,
      intervalMs: 1,
    }).catch((thrown: unknown) => thrown);
    expect(failure).to.have.property("code", "NEVER_HAPPENED");
    expect(failure)
      .to.have.property("message")
      .that.equals("the door is open: not within 30 ms; last seen: Error: still shut");
  });
});
