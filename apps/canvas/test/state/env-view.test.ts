import { expect } from "chai";
import { readEnvLedger } from "../../dist-test/src/api/env-ledger.js";
import { envRows } from "../../dist-test/src/state/env-view.js";

const LAYER = { kind: "layer", name: "platform" };
const PLUGIN = { kind: "plugin", name: "gh-identity", version: "1.2.3", mutator: "gh-identity" };

function entry(writer: unknown, operation: string, value: string | null, outcome: string, secret = false) {
  return { key: "K", writer, operation, value, secret, outcome };
}

function ledger(variables: Record<string, unknown>) {
  return readEnvLedger({
    workspace_id: "w",
    created_at: "2026-01-01T00:00:00Z",
    attempt: 2,
    variables,
    files: [{ path: "/configs/gh", mode: "0755", bytes: 10, writer: PLUGIN }],
    mutators: [
      {
        plugin: "gh-identity",
        version: "1.2.3",
        mutator: "gh-identity",
        outcome: "failed",
        durationMs: 1.5,
        edits: 0,
        error: { code: "BROKEN", message: "it broke" },
      },
    ],
  });
}

describe("envRows", () => {
  it("tells the final value, who wrote it, and who lost", () => {
    const [row] = envRows(
      ledger({
        ROLE: [entry(LAYER, "layer", "lead", "overridden"), entry(PLUGIN, "set", "Lead", "applied")],
      }),
      "",
    );
    expect(row).to.deep.include({ key: "ROLE", parts: ["Lead"], writers: ["gh-identity@1.2.3"] });
    expect(row?.losers.map(({ writer, outcome }) => [writer, outcome])).to.deep.equal([
      ["platform", "overridden"],
    ]);
  });

  it("puts together what several have written, in the order in which it stands in the value", () => {
    const writes = [
      entry(LAYER, "layer", "/bin", "applied"),
      entry(PLUGIN, "prepend", "/opt", "applied"),
      entry(PLUGIN, "append", "/usr", "applied"),
    ];
    const [row] = envRows(ledger({ PATH: writes }), "");
    expect(row?.parts).to.deep.equal(["/opt", "/bin", "/usr"]);
    expect(row?.writers).to.deep.equal(["platform", "gh-identity@1.2.3"]);
  });

  it("says that a variable is not set in the end, and that a value is secret", () => {
    const rows = envRows(
      ledger({
        GONE: [entry(LAYER, "layer", "x", "overridden"), entry(PLUGIN, "unset", null, "applied")],
        TOKEN: [entry(LAYER, "layer", "***", "applied", true)],
      }),
      "",
    );
    expect(rows.map(({ key, parts, secret }) => [key, parts, secret])).to.deep.equal([
      ["GONE", null, false],
      ["TOKEN", ["***"], true],
    ]);
  });

  it("finds variables by name and by writer, in any case", () => {
    const all = ledger({
      ROLE: [entry(PLUGIN, "set", "Lead", "applied")],
      TIER: [entry(LAYER, "layer", "3", "applied")],
    });
    expect(envRows(all, " tie ").map(({ key }) => key)).to.deep.equal(["TIER"]);
    expect(envRows(all, "GH-ident").map(({ key }) => key)).to.deep.equal(["ROLE"]);
  });
});

describe("readEnvLedger", () => {
  it("reads how each mutator's turn went, and the files", () => {
    const { attempt, mutators, files } = ledger({});
    expect(attempt).to.equal(2);
    expect(mutators[0]).to.deep.include({ outcome: "failed", error: "it broke" });
    expect(files).to.deep.equal([
      { path: "/configs/gh", mode: "0755", bytes: 10, writer: "gh-identity@1.2.3" },
    ]);
  });
});
