import type { EnvLayer } from "@molecule/core";
import type { SecretValues } from "../secrets/secret-vault.js";
import type { WorkspaceRow } from "../storage/schema.js";

/** What the layers are made from. */
export interface LayerInputs {
  readonly row: Pick<WorkspaceRow, "id" | "name" | "role" | "tier" | "runtime" | "model">;
  /** Of the image, or of a bare process. */
  readonly base: Readonly<Record<string, string>>;
  /** Prefix of file paths as the workspace's process sees them. */
  readonly fileRoot: string;
  readonly platformUrl: string;
  readonly secrets: SecretValues;
}

/** The layers below the plugins, lowest first; api.md §8. */
export function environmentLayers({ row, base, fileRoot, platformUrl, secrets }: LayerInputs): EnvLayer[] {
  const platform = {
    WORKSPACE_ID: row.id,
    WORKSPACE_CONFIG_PATH: `${fileRoot}/configs`,
    PLATFORM_URL: platformUrl,
    MOLECULE_URL: platformUrl,
    TIER: String(row.tier),
    PLUGINS_DIR: `${fileRoot}/plugins`,
    PYTHONPATH: `${fileRoot}/app`,
  };
  return [
    { name: "image", env: base },
    { name: "platform", env: platform },
    { name: "global secrets", env: secrets.global, secret: true },
    { name: "workspace secrets", env: secrets.workspace, secret: true },
    { name: "identity", env: identity(row, { ...base, ...secrets.global, ...secrets.workspace }) },
  ];
}

function identity(row: LayerInputs["row"], below: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = {};
  const name = `Molecule AI ${row.name}`;
  const email = `${slug(row.name)}@agents.moleculesai.app`;
  const author = {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
  for (const [key, value] of Object.entries(author)) {
    if ((below[key] ?? "") === "") env[key] = value;
  }
  if (row.runtime === "hermes" && row.model !== null) env.HERMES_DEFAULT_MODEL = row.model;
  if (row.role !== null) env.MOLECULE_AGENT_ROLE = row.role;
  return env;
}

/** A name as the local part of an address: lower case, digits and single hyphens. */
function slug(name: string): string {
  const words =
    name
      .normalize("NFKD")
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return words.length === 0 ? "agent" : words.join("-");
}
