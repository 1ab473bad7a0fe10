import type { ChainResult, LaunchFile } from "../../src/index.js";

/** What a chain that went well has made. */
export interface Outcome {
  readonly env: ReadonlyMap<string, string>;
  readonly files: readonly LaunchFile[];
  /** The plugin's writes in order, per variable: operation, and whether the value was marked as secret. */
  readonly writes: ReadonlyMap<string, string>;
}

/** The outcome as far as it concerns a plugin; undefined for a chain that failed. */
export function outcomeOf(result: ChainResult, plugin: string): Outcome | undefined {
  if (!result.ok) return undefined;
  const writes = new Map<string, string>();
  for (const [key, entries] of Object.entries(result.ledger().variables)) {
    const own = entries.filter(({ writer }) => writer.kind === "plugin" && writer.name === plugin);
    if (own.length === 0) continue;
    writes.set(key, own.map(({ operation, secret }) => `${operation}${secret ? " secret" : ""}`).join(", "));
  }
  return { env: result.env, files: result.files, writes };
}

/** The names of what differs between two outcomes; values are left out, since they may be secret. */
export function differences(one: Outcome, other: Outcome): string[] {
  return [
    ...differingKeys(one.env, other.env).map((key) => `the value of ${key}`),
    ...differingKeys(one.writes, other.writes)
      .filter((key) => one.env.get(key) === other.env.get(key))
      .map((key) => `how ${key} is written`),
    ...differingKeys(filesByPath(one), filesByPath(other)).map((path) => `the file ${path}`),
  ];
}

function differingKeys(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const keys = new Set([...one.keys(), ...other.keys()]);
  return [...keys].filter((key) => one.get(key) !== other.get(key));
}

function filesByPath({ files }: Outcome): ReadonlyMap<string, string> {
  return new Map(
    files.map(({ path, mode, content }) => [
      path,
      `${mode.toString(8)} ${Buffer.from(content).toString("base64")}`,
    ]),
  );
}
