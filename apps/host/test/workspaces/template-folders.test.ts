import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { RecordingLogger } from "@molecule/core/testing";
import { tempDir } from "@molecule/test/support/temp.js";
import { declaredTimeoutSeconds } from "../../dist/workspaces/provision-timeouts.js";
import { TemplateFolders } from "../../dist/workspaces/template-folders.js";

describe("TemplateFolders", () => {
  it("lists a template with the deadline that its workspaces are held to, whatever its config.yaml says", async () => {
    const root = await tempDir("templates-");
    for (const [name, runtime] of [
      ["own", "langgraph"],
      ["slow", "hermes"],
      ["plain", "other"],
    ] as const) {
      await mkdir(join(root, name));
      await writeFile(
        join(root, name, "config.yaml"),
        `runtime: ${runtime}\nruntime_config:\n  provision_timeout_seconds: 7\n`,
      );
    }
    const manifest = [{ name: "langgraph", image: "x", provisionTimeoutSeconds: 300 }];
    const listed = await new TemplateFolders(root, new RecordingLogger()).list((runtime) =>
      declaredTimeoutSeconds(runtime, manifest),
    );
    expect(listed.map((each) => [each.id, each.provision_timeout_seconds])).to.deep.equal([
      ["own", 300],
      ["plain", undefined],
      ["slow", 1800],
    ]);
  });
});
