import { expect } from "chai";
import { compileValidator, Type, type Fault } from "@molecule/core";

describe("compileValidator", () => {
  const faultsOf = (schema: Readonly<Record<string, unknown>>, value: unknown): Fault[] =>
    compileValidator(schema)(value);

  it("finds nothing wrong with a valid value", () => {
    expect(faultsOf(Type.Object({ a: Type.String() }), { a: "x" })).to.deep.equal([]);
  });

  const cases: readonly [string, Readonly<Record<string, unknown>>, unknown, readonly Fault[]][] = [
    [
      "a missing value by its own path",
      Type.Object({ a: Type.Object({ b: Type.String() }) }),
      { a: {} },
      [{ path: "a.b", found: "nothing", allowed: "a value (required)" }],
    ],
    [
      "an unknown key with the known ones",
      Type.Object(
        { a: Type.Optional(Type.String()), b: Type.Optional(Type.String()) },
        { additionalProperties: false },
      ),
      { c: 1 },
      [{ path: "c", found: "an unknown key", allowed: "one of a, b" }],
    ],
    [
      "an unknown key where none is known",
      { type: "object", additionalProperties: false },
      { c: 1 },
      [{ path: "c", found: "an unknown key", allowed: "no key" }],
    ],
    [
      "a wrong type in a list by its index",
      Type.Object({ a: Type.Array(Type.Object({ n: Type.Number() })) }),
      { a: [{ n: 1 }, { n: "2" }] },
      [{ path: "a[1].n", found: '"2"', allowed: "a value of type number" }],
    ],
    [
      "the value itself, with an empty path",
      Type.Object({}),
      5,
      [{ path: "", found: "5", allowed: "a value of type object" }],
    ],
    ["a constant", Type.Object({ v: Type.Literal(1) }), { v: 2 }, [{ path: "v", found: "2", allowed: "1" }]],
    [
      "an enumeration with all its values",
      { type: "string", enum: ["x", "y"] },
      "z",
      [{ path: "", found: '"z"', allowed: 'one of "x", "y"' }],
    ],
    [
      "a union of literals as one fault with all its values",
      Type.Object({ s: Type.Union([Type.Literal("env"), Type.Literal("main")]) }),
      { s: "boot" },
      [{ path: "s", found: '"boot"', allowed: '"env" or "main"' }],
    ],
    [
      "a union of types as one fault",
      Type.Union([Type.String(), Type.Number()]),
      true,
      [{ path: "", found: "true", allowed: "a value of type string or a value of type number" }],
    ],
    [
      "the same union's faults at two places of a list, each for itself",
      Type.Array(Type.Union([Type.Literal("a"), Type.Literal("b")])),
      ["x", "a", "y"],
      [
        { path: "[0]", found: '"x"', allowed: '"a" or "b"' },
        { path: "[2]", found: '"y"', allowed: '"a" or "b"' },
      ],
    ],
    [
      "what each alternative of a union of objects misses, without a line for the union itself",
      Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })]),
      {},
      [
        { path: "a", found: "nothing", allowed: "a value (required)" },
        { path: "b", found: "nothing", allowed: "a value (required)" },
      ],
    ],
    [
      "a value that more than one alternative of an exclusive union takes",
      { oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      3,
      [{ path: "", found: "3", allowed: "it must match exactly one schema in oneOf" }],
    ],
    [
      "a pattern by its description",
      Type.String({ pattern: "^a$", description: "the letter a" }),
      "b",
      [{ path: "", found: '"b"', allowed: "the letter a" }],
    ],
    [
      "a pattern without a description by the pattern",
      Type.String({ pattern: "^a$" }),
      "b",
      [{ path: "", found: '"b"', allowed: 'it must match pattern "^a$"' }],
    ],
    [
      "no value that stands under the name of a secret, however deep",
      Type.Object({
        apiKey: Type.String({ pattern: "^vlt_" }),
        "signing-key": Type.Literal("none"),
        tokens: Type.Array(Type.Object({ value: Type.Number() })),
        clientSecret: Type.String(),
      }),
      { apiKey: "sk-live-0123456789", "signing-key": "hunter22", tokens: [{ value: "hunter33" }] },
      [
        { path: "clientSecret", found: "nothing", allowed: "a value (required)" },
        { path: "apiKey", found: "a value that is not shown", allowed: 'it must match pattern "^vlt_"' },
        { path: "signing-key", found: "a value that is not shown", allowed: '"none"' },
        { path: "tokens[0].value", found: "a value that is not shown", allowed: "a value of type number" },
      ],
    ],
    [
      "a value with a secret in it without that secret",
      Type.Object({ vault: Type.String() }),
      { vault: { url: "https://vault", secretKey: "hunter22" } },
      [
        {
          path: "vault",
          found: '{"url":"https://vault","secretKey":"***"}',
          allowed: "a value of type string",
        },
      ],
    ],
    [
      "a list that is too short, beside a fault of another rule",
      Type.Object({ a: Type.Array(Type.String(), { minItems: 1 }), n: Type.Integer({ minimum: 1 }) }),
      { a: [], n: 0 },
      [
        { path: "a", found: "[]", allowed: "it must NOT have fewer than 1 items" },
        { path: "n", found: "0", allowed: "it must be >= 1" },
      ],
    ],
    [
      "a format",
      Type.String({ format: "uuid" }),
      "x",
      [{ path: "", found: '"x"', allowed: 'it must match format "uuid"' }],
    ],
    [
      "a key that has to be quoted, and pointer escapes in it",
      { type: "object", additionalProperties: { type: "string" } },
      { "a b": 1, "c/d~e": 2, "f-g": 3 },
      [
        { path: '"a b"', found: "1", allowed: "a value of type string" },
        { path: '"c/d~e"', found: "2", allowed: "a value of type string" },
        { path: "f-g", found: "3", allowed: "a value of type string" },
      ],
    ],
  ];
  for (const [what, schema, value, faults] of cases) {
    it(`tells ${what}`, () => {
      expect(faultsOf(schema, value)).to.deep.equal(faults);
    });
  }

  it("fills in defaults only where it is asked to", () => {
    const schema = Type.Object({ a: Type.String({ default: "x" }) });
    const filled: { a?: string } = {};
    expect(compileValidator(schema, { useDefaults: true })(filled)).to.deep.equal([]);
    expect(filled).to.deep.equal({ a: "x" });
    const untouched: { a?: string } = {};
    expect(compileValidator(schema)(untouched)).to.have.length(1);
    expect(untouched).to.deep.equal({});
  });

  it("takes two schemas with the same $id, as two plugins or a plugin that is imported anew may have", () => {
    const make = () => Type.Object({ a: Type.String() }, { $id: "config" });
    const first = compileValidator(make());
    const second = compileValidator(make());
    expect(first({})).to.deep.equal(second({})).and.to.have.length(1);
  });

  it("keeps working after another schema was compiled, also one that refers to itself", () => {
    const tree = compileValidator({
      $id: "tree",
      type: "object",
      properties: { child: { $ref: "#" }, n: { type: "number" } },
    });
    compileValidator({ $id: "tree", type: "string" });
    expect(tree({ child: { child: { n: "x" } } })).to.deep.equal([
      { path: "child.child.n", found: '"x"', allowed: "a value of type number" },
    ]);
  });

  it("throws for what is no JSON Schema", () => {
    expect(() => compileValidator({ type: "strang" })).to.throw(/schema is invalid/);
  });
});
