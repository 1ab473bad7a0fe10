import { expect } from "chai";
import { decideEnablement, parseOverrides } from "../../dist/src/plugins/enablement.js";
import { codedFailureOf } from "../support/failures.js";

describe("decideEnablement", () => {
  const when = { env: "ACME_URL" };
  const isOne = { env: "ACME", equals: "1" };
  type Row = readonly [
    title: string,
    entry: { enabled?: boolean; when?: { env: string; equals?: string } },
    inputs: { env?: Record<string, string>; override?: boolean; toggle?: boolean },
    enabled: boolean,
    reason: string,
  ];
  const rows: readonly Row[] = [
    ["listed, it runs", {}, {}, true, "listed in the manifest"],
    ["its entry turns it off", { enabled: false }, {}, false, '"enabled": false in the manifest'],
    ["its entry turns it on", { enabled: true }, {}, true, '"enabled": true in the manifest'],
    ["it waits for a variable", { when }, {}, false, "waits for ACME_URL to be set"],
    [
      "an empty variable is not set",
      { when },
      { env: { ACME_URL: " " } },
      false,
      "waits for ACME_URL to be set",
    ],
    ["its variable is set", { when }, { env: { ACME_URL: "x" } }, true, "ACME_URL is set"],
    ["it waits for a value", { when: isOne }, { env: { ACME: "2" } }, false, "waits for ACME=1"],
    ["its value is set", { when: isOne }, { env: { ACME: "1" } }, true, "ACME=1 is set"],
    ["unset is not the empty value", { when: { env: "A", equals: "" } }, {}, false, "waits for A="],
    ["enabled wins over when", { enabled: true, when }, {}, true, '"enabled": true in the manifest'],
    [
      "a disabled one stays so with its variable",
      { enabled: false, when },
      { env: { ACME_URL: "x" } },
      false,
      '"enabled": false in the manifest',
    ],
    [
      "an override wins over enabled",
      { enabled: true },
      { override: false },
      false,
      "MOLECULE_PLUGINS has -acme",
    ],
    ["an override wins over when", { when }, { override: true }, true, "MOLECULE_PLUGINS has +acme"],
    [
      "a toggle wins over an override",
      {},
      { override: true, toggle: false },
      false,
      "toggled off at run time",
    ],
    [
      "a toggle wins over all",
      { enabled: false, when },
      { override: false, toggle: true },
      true,
      "toggled on at run time",
    ],
  ];
  for (const [title, entry, { env = {}, override, toggle }, enabled, reason] of rows) {
    it(title, () => {
      const of = (value: boolean | undefined) => new Map(value === undefined ? [] : [["acme", value]]);
      const decision = decideEnablement(
        { name: "acme", module: "./acme.mjs", ...entry },
        { env, overrides: of(override), toggles: of(toggle) },
      );
      expect(decision).to.deep.equal({ enabled, reason });
    });
  }
});

describe("parseOverrides", () => {
  const names = ["image-watcher", "acme"];

  it("takes signs and names, with spaces and empty words, and of one name the last word", () => {
    const overrides = parseOverrides(" -image-watcher ,+acme,, +image-watcher,-acme", names);
    expect(Object.fromEntries(overrides)).to.deep.equal({ "image-watcher": true, acme: false });
  });

  it("takes nothing from an unset or empty variable", () => {
    expect(parseOverrides(undefined, names).size).to.equal(0);
    expect(parseOverrides("  ", names).size).to.equal(0);
  });

  it("tells every word that it can't use, at once", async () => {
    const error = await codedFailureOf(() => parseOverrides("acme,+nobody,-,+acme,- acme", names));
    expect(error.code).to.equal("PLUGIN_OVERRIDES_INVALID");
    expect(error.message).to.equal(
      [
        "MOLECULE_PLUGINS is not usable:",
        '  - MOLECULE_PLUGINS: found "acme", allowed: "+acme" or "-acme"',
        '  - MOLECULE_PLUGINS: found "nobody", allowed: one of image-watcher, acme',
        '  - MOLECULE_PLUGINS: found "", allowed: one of image-watcher, acme',
        '  - MOLECULE_PLUGINS: found " acme", allowed: one of image-watcher, acme',
      ].join("\n"),
    );
  });

  it("says so when the manifest lists no plugin that could be named", async () => {
    const error = await codedFailureOf(() => parseOverrides("+acme", []));
    expect(error.message).to.include('found "acme", allowed: nothing: the manifest lists no plugin');
  });
});
