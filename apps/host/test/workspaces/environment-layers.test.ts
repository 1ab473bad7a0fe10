import { expect } from "chai";
import { environmentLayers, type LayerInputs } from "../../dist/workspaces/environment-layers.js";

const row = {
  id: "0191d3a0-0000-7000-8000-000000000000",
  name: "Ada Lovelace",
  role: "pmm-lead",
  tier: 2,
  runtime: "demo",
  model: null,
} as const;

function layersOf(
  change: Partial<LayerInputs["row"]>,
  base: Record<string, string> = {},
  secrets: LayerInputs["secrets"] = { global: {}, workspace: {} },
): Record<string, string> {
  const layers = environmentLayers({
    row: { ...row, ...change },
    base,
    fileRoot: "",
    platformUrl: "http://p:1",
    secrets,
  });
  return Object.fromEntries(layers.flatMap((layer) => Object.entries(layer.env)));
}

describe("environmentLayers", () => {
  it("tells the workspace where it belongs and who it is", () => {
    expect(layersOf({})).to.deep.equal({
      WORKSPACE_ID: row.id,
      WORKSPACE_CONFIG_PATH: "/configs",
      PLATFORM_URL: "http://p:1",
      MOLECULE_URL: "http://p:1",
      TIER: "2",
      PLUGINS_DIR: "/plugins",
      PYTHONPATH: "/app",
      GIT_AUTHOR_NAME: "Molecule AI Ada Lovelace",
      GIT_AUTHOR_EMAIL: "ada-lovelace@agents.moleculesai.app",
      GIT_COMMITTER_NAME: "Molecule AI Ada Lovelace",
      GIT_COMMITTER_EMAIL: "ada-lovelace@agents.moleculesai.app",
      MOLECULE_AGENT_ROLE: "pmm-lead",
    });
  });

  it("lets the image's own git identity stand", () => {
    const env = layersOf({}, { GIT_AUTHOR_NAME: "Bot", GIT_COMMITTER_EMAIL: "" });
    expect(env).to.include({
      GIT_AUTHOR_NAME: "Bot",
      GIT_COMMITTER_EMAIL: "ada-lovelace@agents.moleculesai.app",
    });
  });

  it("gives hermes its model, and a workspace without a role no role", () => {
    const env = layersOf({ runtime: "hermes", model: "m-1", role: null });
    expect(env).to.include({ HERMES_DEFAULT_MODEL: "m-1" });
    expect(env).not.to.have.property("MOLECULE_AGENT_ROLE");
    expect(layersOf({ model: "m-1" })).not.to.have.property("HERMES_DEFAULT_MODEL");
  });

  it("puts secrets of all below the workspace's own, and both above the platform and below the identity", () => {
    const secrets = {
      global: { KEY: "global", TIER: "9", GIT_AUTHOR_NAME: "Bot" },
      workspace: { KEY: "own", MOLECULE_AGENT_ROLE: "x" },
    };
    const layers = environmentLayers({ row, base: {}, fileRoot: "", platformUrl: "http://p:1", secrets });
    expect(layers.map(({ name, secret = false }) => `${name} ${String(secret)}`)).to.deep.equal([
      "image false",
      "platform false",
      "global secrets true",
      "workspace secrets true",
      "identity false",
    ]);
    expect(layersOf({}, {}, secrets)).to.include({
      KEY: "own",
      TIER: "9",
      GIT_AUTHOR_NAME: "Bot",
      MOLECULE_AGENT_ROLE: "pmm-lead",
    });
  });

  it("makes an address of any name", () => {
    expect(layersOf({ name: "Zoë  & Co." }).GIT_AUTHOR_EMAIL).to.equal("zoe-co@agents.moleculesai.app");
    expect(layersOf({ name: "日本" }).GIT_AUTHOR_EMAIL).to.equal("agent@agents.moleculesai.app");
  });
});
