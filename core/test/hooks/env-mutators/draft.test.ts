import { expect } from "chai";
import { RecordingDraft, type DraftRules } from "../../../dist/src/hooks/env-mutators/draft.js";
import { codedFailureOf } from "../../support/failures.js";

function draftOver(base: Readonly<Record<string, string>>, rules: Partial<DraftRules> = {}): RecordingDraft {
  return new RecordingDraft(new Map(Object.entries(base)), {
    plugin: "acme",
    mutator: "acme-env",
    fileRoot: "",
    ...rules,
  });
}

describe("RecordingDraft", () => {
  it("reads its own edits over an environment that it leaves alone", () => {
    const base = new Map([
      ["A", "1"],
      ["B", "2"],
    ]);
    const draft = new RecordingDraft(base, { plugin: "acme", mutator: "acme-env", fileRoot: "" });
    draft.set("A", "changed");
    draft.unset("B");
    draft.set("C", "new");
    expect([draft.get("A"), draft.get("B"), draft.get("C")]).to.deep.equal(["changed", undefined, "new"]);
    expect([draft.has("A"), draft.has("B"), draft.has("C")]).to.deep.equal([true, false, true]);
    expect(draft.keys()).to.deep.equal(["A", "C"]);
    expect(Object.fromEntries(base)).to.deep.equal({ A: "1", B: "2" });
  });

  const joins: readonly [
    string,
    Readonly<Record<string, string>>,
    (draft: RecordingDraft) => void,
    string,
  ][] = [
    ["set replaces", { K: "old" }, (draft) => draft.set("K", "new"), "new"],
    ["set takes an empty value", { K: "old" }, (draft) => draft.set("K", ""), ""],
    ["setDefault fills what is missing", {}, (draft) => draft.setDefault("K", "new"), "new"],
    ["setDefault keeps what is there", { K: "old" }, (draft) => draft.setDefault("K", "new"), "old"],
    ["setDefault counts an empty value as there", { K: "" }, (draft) => draft.setDefault("K", "new"), ""],
    ["prepend joins with a colon", { K: "/bin" }, (draft) => draft.prepend("K", "/opt"), "/opt:/bin"],
    ["append joins with a colon", { K: "/bin" }, (draft) => draft.append("K", "/opt"), "/bin:/opt"],
    ["prepend takes another separator", { K: "b" }, (draft) => draft.prepend("K", "a", ", "), "a, b"],
    ["append takes an empty separator", { K: "a" }, (draft) => draft.append("K", "b", ""), "ab"],
    ["prepend to nothing sets", {}, (draft) => draft.prepend("K", "a"), "a"],
    ["append to an empty value sets", { K: "" }, (draft) => draft.append("K", "a"), "a"],
  ];
  for (const [title, base, edit, value] of joins) {
    it(title, () => {
      const draft = draftOver(base);
      edit(draft);
      expect(draft.get("K")).to.equal(value);
    });
  }

  it("keeps a variable named __proto__ apart from every object's own", () => {
    const draft = draftOver({});
    draft.set("__proto__", "x");
    expect(draft.get("__proto__")).to.equal("x");
    expect(draft.get("constructor")).to.equal(undefined);
    expect(draft.keys()).to.deep.equal(["__proto__"]);
  });

  it("refuses edits and files after it was closed, and goes on reading", async () => {
    const draft = draftOver({ A: "1" });
    draft.close();
    const message =
      'plugin "acme": mutator "acme-env" edited the environment after it had finished; await all work before mutate() returns';
    for (const edit of [
      () => draft.set("A", "2"),
      () => draft.unset("A"),
      () => draft.files.add({ path: "/x", mode: 0o644, content: "" }),
    ]) {
      const error = await codedFailureOf(edit);
      expect({ code: error.code, message: error.message }).to.deep.equal({
        code: "ENV_DRAFT_CLOSED",
        message,
      });
    }
    expect(draft.recorded()).to.deep.equal({ edits: [], files: [] });
    expect(draft.get("A")).to.equal("1");
  });

  it("writes only what the write globs allow", async () => {
    const draft = draftOver({}, { mayWrite: (key) => key.startsWith("ACME_"), writes: ["ACME_*"] });
    draft.set("ACME_URL", "x");
    const error = await codedFailureOf(() => draft.set("OTHER", "x"));
    expect(error.code).to.equal("ENV_WRITE_NOT_ALLOWED");
    expect(error.message).to.equal(
      'plugin "acme": writing OTHER is not allowed; its manifest entry allows env.writes ["ACME_*"]',
    );
  });

  it("shows nothing of variables outside the read globs, whatever is joined to them", () => {
    const draft = draftOver({ TOKEN: "s3cret", ACME_A: "1" }, { mayRead: (key) => key.startsWith("ACME_") });
    expect(draft.keys()).to.deep.equal(["ACME_A"]);
    expect(draft.has("TOKEN")).to.be.false;
    draft.append("TOKEN", "x");
    expect(draft.get("TOKEN")).to.equal("x");
    draft.setDefault("TOKEN", "y");
    draft.prepend("TOKEN", "z");
    expect(draft.get("TOKEN")).to.equal("z:x");
    expect(draft.keys()).to.deep.equal(["ACME_A", "TOKEN"]);
    draft.unset("TOKEN");
    draft.append("TOKEN", "w");
    expect(draft.get("TOKEN")).to.equal("w");
  });

  it("gives back a file's path as the workspace sees it, and keeps its bytes from later changes", () => {
    const draft = draftOver({}, { fileRoot: "/srv/ws-1" });
    // A Buffer too: its slice() would share the bytes.
    const content = Buffer.from([1, 2, 3]);
    expect(draft.files.add({ path: "/opt/tool", mode: 0o755, content })).to.equal("/srv/ws-1/opt/tool");
    content[0] = 9;
    expect(draft.recorded().files).to.deep.equal([
      { path: "/opt/tool", mode: 0o755, content: new Uint8Array([1, 2, 3]) },
    ]);
  });

  it("tells of each secret once, also of one that an earlier draft or the plugin's own hand made", () => {
    const told: string[] = [];
    const draft = draftOver({}, { onSecret: (value) => told.push(value) });
    draft.set("NEW", draft.secret("new-secret"));
    draft.set("KEPT", draftOver({}).secret("kept-secret"));
    const byHand = { $$type: "@molecule/secret-value" as const, value: "handmade-secret" };
    draft.setDefault("BY_HAND", byHand);
    draft.set("AGAIN", byHand);
    draft.set("PLAIN", "plain-value");
    expect(told).to.deep.equal(["new-secret", "kept-secret", "handmade-secret"]);
  });

  it("records every edit in order, with what is secret and until when", () => {
    const draft = draftOver({ A: "1" });
    const expiresAt = new Date(5);
    draft.prepend("A", "0", ",");
    draft.set("T", draft.secret("s", { expiresAt }));
    draft.setDefault("A", "2");
    draft.unset("A");
    expect(draft.recorded().edits).to.deep.equal([
      { operation: "prepend", key: "A", value: "0", separator: ",", secret: false, expiresAt: undefined },
      { operation: "set", key: "T", value: "s", separator: undefined, secret: true, expiresAt },
      {
        operation: "setDefault",
        key: "A",
        value: "2",
        separator: undefined,
        secret: false,
        expiresAt: undefined,
      },
      { operation: "unset", key: "A", value: "", separator: undefined, secret: false, expiresAt: undefined },
    ]);
  });
});
