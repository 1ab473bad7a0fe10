import type { LaunchFile } from "@molecule/core";
import { isMap, parseDocument, stringify } from "yaml";
import type { WorkspaceRow } from "../storage/schema.js";

const CONFIG_FILE = "/configs/config.yaml";

/** The files of a template's folder, with the model that was chosen for the workspace; null where none was. */
export function templateFiles(files: readonly LaunchFile[], model: string | null): LaunchFile[] {
  return files.map((file) =>
    model === null || file.path !== CONFIG_FILE
      ? file
      : { ...file, content: withModel(Buffer.from(file.content).toString("utf8"), model) },
  );
}

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
  return { path: CONFIG_FILE, mode: 0o644, content: stringify(config) };
}

/**
 * A template's `config.yaml` with a model in the place of its own, all else and the comments as they were. What is no
 * YAML map stays as it is.
 */
export function withModel(text: string, model: string): string {
  const document = parseDocument(text);
  const { errors, contents } = document;
  if (errors.length > 0 || (contents !== null && !isMap(contents))) return text;
  const nested = ["runtime_config", "model"];
  // Agents read either; see TemplateFolder.
  if (document.hasIn(nested)) document.setIn(nested, model);
  if (document.has("model") || !document.hasIn(nested)) document.set("model", model);
  return document.toString({ lineWidth: 0 });
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
