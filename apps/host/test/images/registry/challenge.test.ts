import { expect } from "chai";
import fc from "fast-check";
import { parseChallenges } from "../../../dist/images/registry/challenge.js";

const parsed = (header: string) =>
  parseChallenges(header).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);

describe("challenges of a WWW-Authenticate header", () => {
  for (const [what, header, expected] of [
    [
      "a bearer challenge with quoted values that hold commas",
      'Bearer realm="https://auth.example.com/token",service="x",scope="repository:a/b:pull,push"',
      [
        [
          "bearer",
          { realm: "https://auth.example.com/token", service: "x", scope: "repository:a/b:pull,push" },
        ],
      ],
    ],
    [
      "several challenges in one header",
      'Basic realm="simple", Bearer realm="https://a/", error="invalid_token"',
      [
        ["basic", { realm: "simple" }],
        ["bearer", { realm: "https://a/", error: "invalid_token" }],
      ],
    ],
    [
      "a scheme without parameters",
      "Negotiate, Basic realm=x",
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      "credentials in place of parameters",
      "Foo abc==, Bearer realm=y",
      [
        ["foo", {}],
        ["bearer", { realm: "y" }],
      ],
    ],
    ["escaped quotes and spaces around =", 'BEARER Realm = "a\\"b"', [["bearer", { realm: 'a"b' }]]],
    [
      "values without quotes",
      "Bearer realm=https://a/t,service=s",
      [["bearer", { realm: "https://a/t", service: "s" }]],
    ],
    ["empty elements", ",, Basic realm=x ,,", [["basic", { realm: "x" }]]],
    ["nothing", "", []],
    [
      "a quote that never ends",
      'Bearer realm="https://a',
      [
        ["bearer", {}],
        ["realm", {}],
      ],
    ],
  ] as const) {
    it(what, () => {
      expect(parsed(header)).to.deep.equal(expected);
    });
  }

  it("ends, whatever is sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (header) => {
        parseChallenges(header);
      }),
    );
  });
});
