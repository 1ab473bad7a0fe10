import { expect } from "chai";
import { parseNetworks } from "../../dist/config/networks.js";

describe("parseNetworks", () => {
  it("takes addresses and networks of both families", () => {
    expect(parseNetworks("10.0.0.0/8, 192.0.2.1 ,2001:db8::/32,::1,")).to.deep.equal([
      "10.0.0.0/8",
      "192.0.2.1/32",
      "2001:db8::/32",
      "::1/128",
    ]);
    expect(parseNetworks(" ")).to.deep.equal([]);
  });

  for (const bad of [
    "10.0.0.0/33",
    "10.1/8",
    "10",
    "0x0a.0.0.1",
    "proxy",
    "::1/129",
    "10.0.0.1-10.0.0.9",
    "*",
  ]) {
    it(`refuses ${bad}`, () => {
      expect(parseNetworks(`10.0.0.1,${bad}`)).to.equal(undefined);
    });
  }
});
