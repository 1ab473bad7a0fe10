import { expect } from "chai";
import { SharedRead } from "../../dist/storage/shared-read.js";

/** A read that ends when it is told to. */
function heldRead() {
  const ends: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const shared = new SharedRead(
    () =>
      new Promise<number>((resolve, reject) => {
        ends.push({ resolve, reject });
      }),
  );
  return { shared, ends };
}

/** Lets what was settled be told. */
const settled = () => new Promise(setImmediate);

describe("SharedRead", () => {
  it("gives whoever asks while one runs the next one, which begins when that ends", async () => {
    const { shared, ends } = heldRead();
    const first = shared.get();
    const late = [shared.get(), shared.get()];
    await settled();
    expect(ends, "one at a time").to.have.length(1);
    ends[0]?.resolve(1);
    expect(await first).to.equal(1);
    await settled();
    expect(ends, "one for both").to.have.length(2);
    ends[1]?.resolve(2);
    expect(await Promise.all(late)).to.deep.equal([2, 2]);
  });

  it("lets those who ask during the second one wait for a third", async () => {
    const { shared, ends } = heldRead();
    const first = shared.get();
    const second = shared.get();
    ends[0]?.resolve(1);
    await first;
    await settled();
    const third = shared.get();
    ends[1]?.resolve(2);
    expect(await second).to.equal(2);
    await settled();
    ends[2]?.resolve(3);
    expect(await third).to.equal(3);
  });

  it("reads anew for whoever asks when none runs", async () => {
    let reads = 0;
    const shared = new SharedRead(() => Promise.resolve(++reads));
    expect(await shared.get()).to.equal(1);
    await settled();
    expect(await shared.get()).to.equal(2);
  });

  it("tells a failure to those of that read only", async () => {
    const { shared, ends } = heldRead();
    const first = shared.get();
    const second = shared.get();
    ends[0]?.reject(new Error("the database is away"));
    const told = await first.catch((error: unknown) => error);
    expect(told).to.have.property("message", "the database is away");
    await settled();
    ends[1]?.resolve(2);
    expect(await second).to.equal(2);
  });
});
