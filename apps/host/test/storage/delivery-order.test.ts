import { expect } from "chai";
import { DeliveryOrder } from "../../dist/storage/delivery-order.js";

describe("DeliveryOrder", () => {
  it("holds back what was committed until everything before it has ended", () => {
    const told: number[] = [];
    const order = new DeliveryOrder<number>((item) => told.push(item));
    const first = order.add([1, 2]);
    const second = order.add([3]);
    second.end(true);
    expect(told).to.deep.equal([]);
    first.end(true);
    expect(told).to.deep.equal([1, 2, 3]);
  });

  it("drops the items of a transaction that was not committed, and goes on", () => {
    const told: number[] = [];
    const order = new DeliveryOrder<number>((item) => told.push(item));
    const first = order.add([1]);
    const second = order.add([2]);
    second.end(true);
    first.end(false);
    expect(told).to.deep.equal([2]);
  });
});
