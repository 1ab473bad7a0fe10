import type { LaunchFile } from "@molecule/core";
import { stringify } from "yaml";
import type { WorkspaceRow } from "../storage/schema.js";

/** The `config.yaml` of a workspace that has no template folder; api.md §8. */
export function generatedConfig(
  row: Pick<WorkspaceRow, "name" | "role" | "tier" | "runtime" | "model">,
): LaunchFile {
  const config = {
    name: row.name,
    description: row.role ?? "",
    version: "1.0.0",
    tier: row.tier,
    runtime: row.runtime,
    ...(row.model === null ? {} : { model: row.model }),
  };
  // The library quotes what YAML would read as something else: a name is the user's text.
  return { path: "/configs/config.yaml", mode: 0o644, content: stringify(config) };
}

/** Where a workspace's token lies. */
export const TOKEN_FILE = "/configs/.auth_token";

/** The file from which the agent takes its token. */
export function tokenFile(token: string): LaunchFile {
  return { path: TOKEN_FILE, mode: 0o600, content: token };
}

/** Later files replace earlier ones of the same path. */
export function mergeFiles(...lists: readonly (readonly LaunchFile[])[]): LaunchFile[] {
  return [...new Map(lists.flat().map((file) => [file.path, file])).values()];
}
