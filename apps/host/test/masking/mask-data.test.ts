import { SecretMasker } from "@molecule/core";
import { expect } from "chai";
import { maskData, maskRecord } from "../../dist/masking/mask-data.js";
import { TokenMasks } from "../../dist/masking/token-masks.js";

describe("maskRecord", () => {
  const masker = new SecretMasker();
  masker.add('planted "secret"');

  it("masks values and names at any depth, also where JSON would escape them", () => {
    const record = {
      a: ['x planted "secret" y'],
      'planted "secret"': { b: 'planted "secret"', n: 1, z: null },
    };
    expect(maskRecord(masker, record)).to.deep.equal({ a: ["x *** y"], "***": { b: "***", n: 1, z: null } });
  });

  it("gives the record itself where there is nothing to mask", () => {
    const record = { a: 1, b: "harmless" };
    expect(maskRecord(masker, record)).to.equal(record);
  });

  it("keeps the structure where a mask would reach over the end of a text", () => {
    const record = { a: "https://x", b: "y@z", c: "https://user:password@host" };
    expect(maskRecord(masker, record)).to.deep.equal({
      a: "https://x",
      b: "y@z",
      c: "https://user:***@host",
    });
  });

  it("masks lists and bare texts", () => {
    expect(maskData(masker, ['planted "secret"', 2])).to.deep.equal(["***", 2]);
    expect(maskData(masker, null)).to.equal(null);
  });
});

describe("TokenMasks", () => {
  it("masks the tokens that were seen last, and lets the oldest go", () => {
    const masker = new SecretMasker();
    const masks = new TokenMasks(masker, { limit: 2 });
    for (const n of [1, 2, 1, 3]) masks.add(`id-${n}`, `token-number-${n}`);
    expect(masker.mask("token-number-1 token-number-2 token-number-3")).to.equal("token-number-1 *** ***");
  });
});
