import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { messageOf, type LaunchFile, type Logger } from "@molecule/core";
import { parse } from "yaml";
import { workspaceErrors } from "../errors/workspaces.js";
import { field, listField, tierField, textField } from "./config-fields.js";
import { templateSummary, type DeclaredSeconds, type TemplateSummary } from "./template-summary.js";

/** What a template folder's `config.yaml` says, as far as the platform uses it. */
export interface TemplateFolder {
  /** Absolute. */
  readonly dir: string;
  readonly runtime: string | null;
  readonly model: string | null;
  readonly tier: number | null;
  /** Variables that must not be empty when the workspace starts. */
  readonly requiredEnv: readonly string[];
}

/** Bytes that a template folder may hold: its files go through memory into the workspace. */
const MAX_FOLDER_BYTES = 32 * 1024 * 1024;

/** Text files that break in a Linux container when they carry Windows line ends. */
const LINE_END_SENSITIVE = /\.(sh|py|md)$/;

/** The folders below `WORKSPACE_TEMPLATES_DIR`. */
export class TemplateFolders {
  readonly #root: string;
  readonly #log: Logger;

  constructor(root: string, log: Logger) {
    this.#root = resolve(root);
    this.#log = log;
  }

  /**
   * Reads a template's `config.yaml`; bad YAML is logged and says nothing.
   * @throws INVALID_TEMPLATE when the name leaves the templates folder or names no folder with a `config.yaml`
   */
  async read(template: string): Promise<TemplateFolder> {
    const dir = resolve(this.#root, template);
    const inside = relative(this.#root, dir);
    if (inside === "" || inside.startsWith("..") || template.includes("\0")) {
      throw workspaceErrors.INVALID_TEMPLATE({ template });
    }
    const text = await readFile(join(dir, "config.yaml"), "utf8").catch(() => null);
    if (text === null) throw workspaceErrors.INVALID_TEMPLATE({ template });
    return { dir, ...this.#parseConfig(template, text) };
  }

  /** What each folder's `config.yaml` says for people to choose from, by name; folders that can't be read are logged. */
  async list(declaredSeconds: DeclaredSeconds): Promise<TemplateSummary[]> {
    const entries = await readdir(this.#root, { withFileTypes: true }).catch(() => []);
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const summaries = await Promise.all(names.sort().map((name) => this.#summary(name, declaredSeconds)));
    return summaries.filter((summary) => summary !== null);
  }

  async #summary(id: string, declaredSeconds: DeclaredSeconds): Promise<TemplateSummary | null> {
    const text = await readFile(join(this.#root, id, "config.yaml"), "utf8").catch(() => null);
    if (text === null) return null;
    try {
      return templateSummary(id, parse(text), declaredSeconds);
    } catch (error) {
      this.#log.warn(`template ${id}: config.yaml is no valid YAML, it is left out: ${messageOf(error)}`);
      return null;
    }
  }

  /**
   * The template's files, for `/configs`.
   * @throws TEMPLATE_UNREADABLE
   */
  async files(folder: TemplateFolder): Promise<LaunchFile[]> {
    const template = relative(this.#root, folder.dir);
    try {
      const entries = await readdir(folder.dir, { recursive: true, withFileTypes: true });
      const files: LaunchFile[] = [];
      let bytes = 0;
      for (const entry of entries.filter((each) => each.isFile())) {
        const path = join(entry.parentPath, entry.name);
        const content = await readFile(path);
        bytes += content.byteLength;
        if (bytes > MAX_FOLDER_BYTES) throw new Error(`it holds more than ${MAX_FOLDER_BYTES} bytes`);
        const inside = relative(folder.dir, path).split(sep).join("/");
        files.push({
          path: `/configs/${inside}`,
          mode: (await stat(path)).mode & 0o777,
          content: unixLines(path, content),
        });
      }
      return files;
    } catch (error) {
      throw workspaceErrors.TEMPLATE_UNREADABLE({ template, reason: messageOf(error) }, { cause: error });
    }
  }

  #parseConfig(template: string, text: string): Omit<TemplateFolder, "dir"> {
    let config: unknown;
    try {
      config = parse(text);
    } catch (error) {
      this.#log.warn(
        `template ${template}: config.yaml is no valid YAML and is taken as empty: ${messageOf(error)}`,
      );
    }
    const runtimeConfig = field(config, "runtime_config");
    return {
      runtime: textField(config, "runtime"),
      model: textField(config, "model") ?? textField(runtimeConfig, "model"),
      tier: tierField(config, "tier"),
      requiredEnv: listField(runtimeConfig, "required_env"),
    };
  }
}

function unixLines(path: string, content: Buffer): Buffer | string {
  return LINE_END_SENSITIVE.test(path) ? content.toString("utf8").replaceAll("\r\n", "\n") : content;
}
