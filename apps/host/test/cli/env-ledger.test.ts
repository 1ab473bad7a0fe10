import { expect } from "chai";
import { renderLedger } from "../../dist/cli/env-ledger.js";

const layer = (name: string) => ({ kind: "layer", name });
const plugin = (name: string) => ({ kind: "plugin", name, version: "1.2.0" });
const write = (writer: object, operation: string, value: string | null, outcome = "applied") => ({
  writer: { kind: "layer", name: "", ...writer },
  operation,
  value,
  outcome,
});

const LEDGER = {
  attempt: 2,
  variables: {
    TIER: [write(layer("platform"), "layer", "")],
    A_TOKEN: [
      write(layer("global secrets"), "layer", "***", "overridden"),
      write(plugin("acme"), "set", "***", "dropped"),
      write(plugin("vault"), "set", "***"),
    ],
    GONE: [write(layer("image"), "layer", "x", "overridden"), write(plugin("vault"), "unset", null)],
  },
  conflicts: [{ key: "A_TOKEN", plugins: ["acme", "vault"] }],
  files: [{ path: "/opt/gh", mode: "0755", bytes: 1, writer: plugin("vault") }],
  mutators: [
    {
      plugin: "acme",
      version: "1.2.0",
      mutator: "acme",
      outcome: "skipped",
      durationMs: 1000.04,
      edits: 0,
      error: { code: "ENV_MUTATOR_TIMEOUT", message: "too late" },
    },
    { plugin: "vault", version: "1.2.0", mutator: "keys", outcome: "applied", durationMs: 0.41, edits: 2 },
  ],
};

describe("a ledger for people", () => {
  it("has a line for each write by name, the ones that count marked, then files, conflicts and mutators", () => {
    expect(renderLedger(LEDGER).split("\n")).to.deep.equal([
      "attempt 2: 3 variables",
      "  A_TOKEN  global secrets  layer, overridden  ***",
      "           acme@1.2.0      set, dropped       ***",
      "✓          vault@1.2.0     set                ***",
      "  GONE     image           layer, overridden  x",
      "✓          vault@1.2.0     unset",
      '✓ TIER     platform        layer              ""',
      "",
      "files",
      "  /opt/gh  0755  1 byte  vault@1.2.0",
      "",
      "conflicts",
      "  A_TOKEN: set by acme, then vault",
      "",
      "mutators",
      "✗ acme@1.2.0        skipped  1000.0 ms  ENV_MUTATOR_TIMEOUT: too late",
      "✓ vault@1.2.0/keys  applied  0.4 ms     2 edits",
    ]);
  });

  it("shortens long values, but not where one variable was asked for, and says when nothing sets that", () => {
    const variables = { LONG: [write(layer("image"), "layer", "v".repeat(100))] };
    const ledger = { ...LEDGER, variables, files: [], conflicts: [], mutators: [] };
    expect(renderLedger(ledger)).to.equal(
      `attempt 2: 1 variable\n✓ LONG  image  layer  ${"v".repeat(80)}… (100 characters)`,
    );
    expect(renderLedger(ledger, "LONG")).to.equal(`attempt 2\n✓ LONG  image  layer  ${"v".repeat(100)}`);
    expect(renderLedger({ ...ledger, variables: {} }, "NONE")).to.equal("attempt 2\n  nothing sets NONE");
  });

  it("does not let a value steer the terminal, nor break its line", () => {
    const variables = { K: [write(layer("image"), "layer", "a\n\u001b[2J\u009bb\u007f")] };
    expect(renderLedger({ ...LEDGER, variables, files: [], conflicts: [], mutators: [] })).to.equal(
      "attempt 2: 1 variable\n✓ K  image  layer  a\\n\\u001b[2J\\u009bb\\u007f",
    );
  });
});
