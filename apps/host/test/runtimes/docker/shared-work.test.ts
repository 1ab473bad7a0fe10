import { expect } from "chai";
import { SharedWork } from "../../../dist/runtimes/docker/shared-work.js";
import { failureOf } from "../probe.js";

/** Work whose end the test decides, and the signals that it was begun with. */
function manualWork() {
  const begun: {
    readonly signal: AbortSignal;
    readonly finish: (value: string) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  const run = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      begun.push({ signal, finish: resolve, fail: reject });
    });
  return { begun, run };
}

describe("SharedWork", () => {
  const never = new AbortController().signal;

  it("does a thing once for all who want it at the same time", async () => {
    const shared = new SharedWork<string>();
    const { begun, run } = manualWork();
    const all = [1, 2, 3].map(() => shared.join("image", never, run));
    expect(begun).to.have.length(1);
    begun[0]?.finish("done");
    expect(await Promise.all(all)).to.deep.equal(["done", "done", "done"]);
  });

  it("does different things apart, and the same thing again when it is wanted later", async () => {
    const shared = new SharedWork<string>();
    const { begun, run } = manualWork();
    const one = shared.join("one", never, run);
    const other = shared.join("other", never, run);
    begun[0]?.finish("one");
    begun[1]?.finish("other");
    expect(await Promise.all([one, other])).to.deep.equal(["one", "other"]);
    const again = shared.join("one", never, run);
    begun[2]?.finish("again");
    expect(await again).to.equal("again");
  });

  it("goes on for the others when one gives up", async () => {
    const shared = new SharedWork<string>();
    const { begun, run } = manualWork();
    const caller = new AbortController();
    const first = failureOf(shared.join("image", caller.signal, run));
    const second = shared.join("image", never, run);
    caller.abort(new Error("given up"));
    expect((await first).message).to.equal("given up");
    expect(begun[0]?.signal.aborted).to.equal(false);
    begun[0]?.finish("done");
    expect(await second).to.equal("done");
  });

  it("is given up with the last who waits, and begun anew for the next", async () => {
    const shared = new SharedWork<string>();
    const { begun, run } = manualWork();
    const caller = new AbortController();
    const only = failureOf(shared.join("image", caller.signal, run));
    caller.abort(new Error("given up"));
    await only;
    expect(begun[0]?.signal.aborted).to.equal(true);
    const next = shared.join("image", never, run);
    begun[1]?.finish("done");
    expect(await next).to.equal("done");
  });

  it("tells a failure to all, and keeps it for nobody", async () => {
    const shared = new SharedWork<string>();
    const { begun, run } = manualWork();
    const all = [1, 2].map(() => failureOf(shared.join("image", never, run)));
    begun[0]?.fail(new Error("disk full"));
    expect((await Promise.all(all)).map(({ message }) => message)).to.deep.equal(["disk full", "disk full"]);
    const next = shared.join("image", never, run);
    begun[1]?.finish("done");
    expect(await next).to.equal("done");
  });

  it("begins nothing for a caller who has given up", async () => {
    const shared = new SharedWork<string>();
    const { begun, run } = manualWork();
    await failureOf(shared.join("image", AbortSignal.abort(new Error("given up")), run));
    expect(begun).to.deep.equal([]);
  });
});
