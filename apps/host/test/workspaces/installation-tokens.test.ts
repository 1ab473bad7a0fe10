import { SecretMasker } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { expect } from "chai";
import { InstallationTokens } from "../../dist/workspaces/installation-tokens.js";

describe("InstallationTokens", () => {
  it("masks what it hands out until that has ended, however often it is asked for", async () => {
    const clock = new ManualClock();
    const masker = new SecretMasker();
    let token = "an-odd-shape-0123456789";
    const tokens = new InstallationTokens({
      kernel: {
        installationToken: () => Promise.resolve({ token, expiresAt: new Date(clock.now() + 60_000) }),
      },
      masker,
      clock,
      log: new RecordingLogger(),
    });
    await tokens.issue(null);
    await tokens.issue("w");
    expect(masker.mask("say an-odd-shape-0123456789.")).to.equal("say ***.");
    token = "another-shape-0123456789";
    await tokens.issue(null);
    expect(masker.mask("an-odd-shape-0123456789 another-shape-0123456789")).to.equal("*** ***");
    await clock.advance(60_001);
    await tokens.issue(null);
    expect(masker.mask("an-odd-shape-0123456789 another-shape-0123456789")).to.equal(
      "an-odd-shape-0123456789 ***",
    );
  });
});
