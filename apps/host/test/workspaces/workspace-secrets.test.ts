import { expect } from "chai";
import { SecretMasker, type LaunchedWith } from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { LaunchedSecrets } from "../../dist/workspaces/launched-secrets.js";
import { WorkspaceSecrets } from "../../dist/workspaces/workspace-secrets.js";

const LEDGER = {
  variables: {
    PLUGIN_KEY: [
      { key: "PLUGIN_KEY", value: "***", secret: true },
      { key: "PLUGIN_KEY", value: "***", secret: true },
    ],
    PLAIN: [{ key: "PLAIN", value: "plain-value", secret: false }],
    GONE: [{ key: "GONE", value: null, secret: true }],
  },
};
const SAID = "stored-secret plugin-secret token-of-attempt plain-value";
const ATTEMPT = { id: "the-workspace", attempt: 3 };

describe("WorkspaceSecrets", () => {
  let masker: SecretMasker;
  let log: RecordingLogger;
  let asked: number;
  let engine: () => Promise<LaunchedWith | null>;
  let secrets: WorkspaceSecrets;

  beforeEach(() => {
    masker = new SecretMasker();
    log = new RecordingLogger();
    asked = 0;
    const launched = {
      env: { PLUGIN_KEY: "plugin-secret", PLAIN: "plain-value" },
      files: { "/configs/.auth_token": "token-of-attempt\n" },
    };
    engine = () => Promise.resolve(launched);
    const launchedWith = () => {
      asked += 1;
      return engine();
    };
    const ledgerOf = (_id: string, attempt: number) =>
      Promise.resolve({ attempt, ledger: LEDGER, created_at: "" });
    secrets = new WorkspaceSecrets({
      masker,
      vault: { knownTo: () => Promise.resolve(["stored-secret"]) },
      launched: new LaunchedSecrets({ runtime: { launchedWith }, ledgers: { of: ledgerOf }, log }),
      log,
    });
  });

  it("masks what another host has launched the workspace with, and asks the engine once for each attempt", async () => {
    await secrets.learn(ATTEMPT);
    await secrets.learnAll(ATTEMPT);
    expect(masker.mask(SAID)).to.equal("*** *** *** plain-value");
    expect(asked).to.equal(1);
    await secrets.learn({ ...ATTEMPT, attempt: 4 });
    expect(asked).to.equal(2);
  });

  it("does not ask for what it has launched itself, and knows nothing of it when the workspace is gone", async () => {
    secrets.launch(ATTEMPT, "token-of-attempt");
    secrets.add(ATTEMPT.id, "plugin-secret");
    await secrets.learn(ATTEMPT);
    expect(asked).to.equal(0);
    expect(masker.mask(SAID)).to.equal("*** *** *** plain-value");
    secrets.forget(ATTEMPT.id);
    expect(masker.mask(SAID)).to.equal(SAID);
  });

  it("masks what the last attempt knew until its container was replaced, however often the next one is tried", async () => {
    await secrets.learn(ATTEMPT);
    for (const attempt of [4, 5]) secrets.launch({ ...ATTEMPT, attempt }, "the-next-token");
    await secrets.learnAll({ ...ATTEMPT, attempt: 5 });
    expect(masker.mask(`${SAID} the-next-token`)).to.equal("*** *** *** plain-value ***");
    secrets.replaced(ATTEMPT.id);
    expect(masker.mask(`${SAID} the-next-token`)).to.equal(
      "*** plugin-secret token-of-attempt plain-value ***",
    );
    secrets.forget(ATTEMPT.id);
    expect(masker.mask(`${SAID} the-next-token`)).to.equal(`${SAID} the-next-token`);
  });

  it("masks a key's value and the one before, however often it is set, and all of them until a launch", () => {
    for (const value of ["first-value", "second-value", "third-value", "third-value"]) {
      secrets.keep(ATTEMPT.id, "KEY", value);
    }
    const said = "first-value second-value third-value";
    expect(masker.mask(said)).to.equal("first-value *** ***");
    secrets.launch({ ...ATTEMPT, attempt: 4 }, "the-next-token");
    expect(masker.mask(said)).to.equal("first-value *** ***");
    secrets.replaced(ATTEMPT.id);
    expect(masker.mask(said)).to.equal(said);
  });

  it("lets agents be heard while the engine is away, says so, and asks again; but nothing is shown then", async () => {
    const answering = engine;
    engine = () => Promise.reject(new Error("the engine is away"));
    await secrets.learn(ATTEMPT);
    expect(masker.mask(SAID)).to.equal("*** plugin-secret token-of-attempt plain-value");
    expect(log.lines.map(({ level, fields }) => [level, fields.reason])).to.deep.equal([
      ["warn", "the engine is away"],
    ]);
    const shown = await secrets.learnAll(ATTEMPT).catch((error: unknown) => String(error));
    expect(shown).to.equal("Error: the engine is away");
    engine = answering;
    await secrets.learn(ATTEMPT);
    expect(masker.mask(SAID)).to.equal("*** *** *** plain-value");
  });

  it("takes a workspace that has no container for one that was launched with nothing", async () => {
    engine = () => Promise.resolve(null);
    await secrets.learnAll(ATTEMPT);
    expect(masker.mask(SAID)).to.equal("*** plugin-secret token-of-attempt plain-value");
  });
});
