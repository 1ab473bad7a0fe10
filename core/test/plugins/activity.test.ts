import { expect } from "chai";
import { PluginActivity } from "../../dist/src/plugins/activity.js";
import { settled } from "../support/until.js";

describe("PluginActivity", () => {
  /** A call that ends, well or badly, when the test says so. */
  function makeCall() {
    let end: () => void = () => undefined;
    let fail: (error: Error) => void = () => undefined;
    const call = new Promise<void>((resolve, reject) => {
      end = resolve;
      fail = reject;
    });
    return { call, end: () => end(), fail: () => fail(new Error("x")) };
  }

  it("waits for every call of a plugin, also failing ones and those that start meanwhile, and for no other's", async () => {
    const activity = new PluginActivity();
    const [first, second, others] = [makeCall(), makeCall(), makeCall()];
    activity.track("acme", first.call);
    activity.track("other", others.call);
    let isIdle = false;
    const idle = activity.idle("acme").then(() => {
      isIdle = true;
    });
    activity.track("acme", second.call);
    first.fail();
    await settled();
    expect(isIdle).to.be.false;
    second.end();
    await idle;
  });

  it("waits for nothing when nothing runs", async () => {
    const activity = new PluginActivity();
    const done = makeCall();
    activity.track("acme", done.call);
    done.end();
    await activity.idle("acme");
    await activity.idle("nobody");
  });

  it("waits for late work apart from calls, and remembers the newest hundred", async () => {
    const activity = new PluginActivity();
    const works = Array.from({ length: 101 }, makeCall);
    for (const { call } of works) activity.trackLate("acme", call);
    await activity.idle("acme");
    let isOver = false;
    const over = activity.lateEnded("acme").then(() => {
      isOver = true;
    });
    const [, second, ...rest] = works;
    for (const { end } of rest) end();
    await settled();
    expect(isOver).to.be.false;
    second?.fail();
    await over;
  });
});
