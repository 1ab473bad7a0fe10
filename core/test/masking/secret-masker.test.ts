import { expect } from "chai";
import fc from "fast-check";
import { MASK, SecretMasker } from "@molecule/core";

const SECRET = 'pä"ss\nw/rd+ 42=?';

function maskerOf(...secrets: readonly string[]): SecretMasker {
  const masker = new SecretMasker();
  for (const secret of secrets) masker.add(secret);
  return masker;
}

describe("SecretMasker", () => {
  it("masks a value wherever it stands, as often as it stands", () => {
    expect(maskerOf("hunter22").mask("hunter22, ahunter22b and hunter2")).to.equal(
      `${MASK}, a${MASK}b and hunter2`,
    );
  });

  it("masks a value as JSON, URLs and form bodies carry it", () => {
    const masker = maskerOf(SECRET);
    expect(masker.mask(JSON.stringify({ key: SECRET }))).to.equal('{"key":"***"}');
    expect(masker.mask(`https://host/?q=${encodeURIComponent(SECRET)}&r=1`)).to.equal(
      "https://host/?q=***&r=1",
    );
    expect(masker.mask(new URLSearchParams({ q: SECRET, r: "1" }).toString())).to.equal("q=***&r=1");
  });

  for (const encoding of ["base64", "base64url"] as const) {
    it(`masks a value inside longer ${encoding} text at every alignment`, () => {
      fc.assert(
        fc.property(
          fc.string({ minLength: 8, maxLength: 60, unit: "binary" }),
          fc.uint8Array({ maxLength: 20 }),
          fc.uint8Array({ maxLength: 20 }),
          (secret, before, after) => {
            const encoded = Buffer.concat([before, Buffer.from(secret), after]).toString(encoding);
            const masked = maskerOf(secret).mask(encoded);
            expect(masked).to.include(MASK);
            // What is left decodes to no more than the neighbours and the bits that they share with the value.
            const left = masked.replace(MASK, "").replaceAll("=", "").length;
            expect(left).to.be.at.most(
              Math.ceil((before.length * 4) / 3) + Math.ceil((after.length * 4) / 3) + 4,
            );
          },
        ),
      );
    });
  }

  it("leaves no secret in a text, whatever the secrets and wherever they overlap", () => {
    const piece = fc.string({ minLength: 6, maxLength: 10, unit: fc.constantFrom("a", "b") });
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 5 }),
        fc.string({ unit: fc.constantFrom("a", "b") }),
        (secrets, text) => {
          const masked = maskerOf(...secrets).mask(text);
          for (const secret of secrets) expect(masked).not.to.include(secret);
        },
      ),
    );
  });

  it("masks all of a secret that begins with another one, and of two that overlap", () => {
    expect(maskerOf("abcdef", "abcdefghij").mask("<abcdefghij>")).to.equal(`<${MASK}>`);
    expect(maskerOf("abcdefghij", "bcdefg").mask("<abcdefghij>"), "one inside another").to.equal(`<${MASK}>`);
    expect(maskerOf("abcdef", "defghi").mask("<abcdefghi>")).to.equal(`<${MASK}>`);
  });

  it("does not search for values under 6 characters: they would hide everything", () => {
    const masker = maskerOf("", "1", "on", "12345");
    expect(masker.mask("on 12345, 1")).to.equal("on 12345, 1");
  });

  it("leaves harmless texts as they are", () => {
    const masker = maskerOf("hunter22");
    for (const text of [
      "",
      "hunter2",
      "weighs_nothing and coughs",
      "ghp_short",
      "GHP_TOKEN_ROTATION_DAYS=30",
      "https://example.org:8080/path?x=a@b",
      "postgres://localhost:5432/molecule",
      "bearer of news",
      "*** already ***",
    ]) {
      expect(masker.mask(text)).to.equal(text);
    }
  });

  const body = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
  const shapes: readonly [string, string, string][] = [
    ["a classic personal token", `token ghp_${body}.`, "token ***"],
    ["an OAuth token", `gho_${body}`, MASK],
    ["a user-to-server token", `ghu_${body}`, MASK],
    ["a refresh token", `ghr_${body}`, MASK],
    ["a server token", `"ghs_${body}"`, '"***"'],
    [
      "the long server token that carries a JWT",
      `ghs_eyJhbGciOi.eyJpc3MiOi-x_y.sig-nature_1 next`,
      "*** next",
    ],
    ["a fine-grained token", `github_pat_11ABCDEFG0${body}_x`, MASK],
    ["a token after an escape of JSON", String.raw`failed:\nghp_${body}\n`, String.raw`failed:\n***\n`],
    ["a token after an escape of a URL", `q%3Dghp_${body}%20`, "q%3D***%20"],
    ["a token that is part of a longer name", `GH_ghp_${body}`, "GH_***"],
    ["a bearer header", "Authorization: Bearer abc.def-ghi_jkl", "Authorization: Bearer ***"],
    ["a bearer header in lower case", "authorization: bearer abcdefgh1234==", "authorization: bearer ***"],
    ["a password in a URL", "postgres://molecule:s3cr3t!@db:5432/x", "postgres://molecule:***@db:5432/x"],
    ["a password without a user", "redis://:s3cr3t@cache", "redis://:***@cache"],
  ];
  for (const [what, text, masked] of shapes) {
    it(`masks ${what} that nobody added`, () => {
      expect(new SecretMasker().mask(text)).to.equal(masked);
    });
  }

  it("masks until a value was released as often as it was added", () => {
    const masker = new SecretMasker();
    const first = masker.add("hunter22");
    const second = masker.add("hunter22");
    first();
    first();
    expect(masker.mask("hunter22"), "released once, called twice").to.equal(MASK);
    second();
    expect(masker.mask("hunter22")).to.equal("hunter22");
    expect(masker.mask(Buffer.from("hunter22").toString("base64"))).to.equal("aHVudGVyMjI=");
  });

  it("keeps a secret masked whose text is the encoded form of a released one", () => {
    const masker = new SecretMasker();
    const encoded = Buffer.from("hunter22-23").toString("base64url");
    const release = masker.add("hunter22-23");
    masker.add(encoded);
    release();
    expect(masker.mask(`${encoded} hunter22-23`)).to.equal(`${MASK} hunter22-23`);
  });

  it("masks the right one of many secrets that begin alike", () => {
    const masker = new SecretMasker();
    for (let index = 0; index < 3_000; index += 1) masker.add(`secret-number-${index};`);
    expect(masker.mask("secret-number-2999; secret-number-3000;")).to.equal(`${MASK} secret-number-3000;`);
  });

  it("masks a value as large as an environment takes, which no regular expression could hold", () => {
    const large = "0123456789abcdef".repeat(8_192);
    expect(maskerOf(large).mask(`<${large}>`)).to.equal(`<${MASK}>`);
  });

  it("takes characters that mean something to regular expressions and replacements for what they are", () => {
    expect(maskerOf("a.*$&[x]").mask("a.*$&[x] aXX$&[x]")).to.equal(`${MASK} aXX$&[x]`);
  });

  it("takes a lone surrogate without throwing", () => {
    expect(maskerOf("secret\ud800").mask("<secret\ud800>")).to.equal(`<${MASK}>`);
  });
});
