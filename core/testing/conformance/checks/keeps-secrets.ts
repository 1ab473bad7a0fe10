import { SecretMasker, type ChainResult, type Plugin } from "../../../src/index.js";
import { ConformanceBench } from "../bench.js";
import { describeError, verdictOf, type ConformanceCheck } from "../check.js";
import type { ConformanceOptions } from "../options.js";
import { textsOf } from "../texts.js";

/** What a secret nobody issued looks like: a plugin that checks its form or uses it fails, and has something to tell. */
const canary = (name: string): string => `conformance-canary-${name.toLowerCase()}-5f1d07c2`;

/** A secret shows nowhere but in a variable that is marked as secret. */
export const keepsSecrets: ConformanceCheck = {
  title: "keeps secrets out of its errors, its log and its unmarked values",
  async run(plugin, options) {
    const faults = [...(await leaksOf(plugin, options))];
    if ((options.secrets ?? []).length > 0) faults.push(...(await leaksOf(plugin, withCanaries(options))));
    if (options.provokeFailure !== undefined) {
      faults.push(...(await leaksOf(plugin, options, options.provokeFailure)));
    }
    return verdictOf([...new Set(faults)]);
  },
};

/** Runs the plugin to its end, well or not, and searches all that it said and set. */
async function leaksOf(
  plugin: Plugin,
  options: ConformanceOptions,
  provoke?: ConformanceOptions["provokeFailure"],
): Promise<string[]> {
  let bench: ConformanceBench;
  try {
    bench = await ConformanceBench.open(plugin, options);
  } catch (error) {
    return search([{ where: "an error of loading it", text: describeError(error) }], namedSecrets(options));
  }
  let undo: Awaited<ReturnType<NonNullable<typeof provoke>>>;
  let result: ChainResult;
  try {
    undo = await provoke?.();
    result = await bench.run();
  } finally {
    await bench.close();
  }
  await undo?.();
  const secrets = [
    ...namedSecrets(options),
    ...result.secrets.map(({ key, value }) => ({ what: `the secret value of ${key}`, value })),
  ];
  const faults = [...search(textsOf(bench, result), secrets), ...unmarked(plugin, options, result)];
  if (provoke !== undefined && result.ok && bench.status.error === null) {
    faults.push("provokeFailure made nothing fail; let it break what the mutators need");
  }
  return faults;
}

interface KnownSecret {
  readonly what: string;
  readonly value: string;
}

/** The values of the variables that the options call secret. */
function namedSecrets({ secrets = [], env = {}, workspaceEnv = {} }: ConformanceOptions): KnownSecret[] {
  return secrets.flatMap((name) =>
    [env[name], workspaceEnv[name]]
      .filter((value) => value !== undefined)
      .map((value) => ({ what: `the value of ${name}`, value })),
  );
}

function search(
  texts: readonly { where: string; text: string }[],
  secrets: readonly KnownSecret[],
): string[] {
  const all = new SecretMasker();
  for (const { value } of secrets) all.add(value);
  return texts.flatMap(({ where, text }) =>
    secrets
      .filter(({ value }) => holds(text, value))
      .map(
        ({ what }) =>
          `${what} stands in ${where}: ${all.mask(text)}; name the variable there, and leave its value out`,
      ),
  );
}

/** Whether a text holds a value, as it is or encoded. */
function holds(text: string, value: string): boolean {
  // The masker hides what looks like a token at any rate: what it is told of then makes no difference.
  if (
    [value, encodeURIComponent(value), Buffer.from(value).toString("base64")].some((form) =>
      text.includes(form),
    )
  )
    return true;
  const masker = new SecretMasker();
  const before = masker.mask(text);
  masker.add(value);
  return masker.mask(text) !== before;
}

/** Variables that carry a secret of the host's environment without being marked: the host could not mask them. */
function unmarked(plugin: Plugin, options: ConformanceOptions, result: ChainResult): string[] {
  const { secrets = [], env = {} } = options;
  const values = secrets
    .map((name) => ({ name, value: env[name] ?? "" }))
    .filter(({ value }) => value !== "");
  return Object.entries(result.ledger().variables).flatMap(([key, entries]) => {
    const own = entries.filter(({ writer }) => writer.kind === "plugin" && writer.name === plugin.name);
    if (own.length === 0 || own.some(({ secret }) => secret)) return [];
    const set = [...own.map(({ value }) => value ?? ""), (result.ok ? result.env.get(key) : undefined) ?? ""];
    return values
      .filter(({ value }) => set.some((text) => holds(text, value)))
      .map(
        ({ name }) => `${key} gets the value of ${name} unmarked; write env.set("${key}", env.secret(value))`,
      );
  });
}

function withCanaries(options: ConformanceOptions): ConformanceOptions {
  const { secrets = [], env = {}, workspaceEnv = {} } = options;
  const replace = (variables: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [key, secrets.includes(key) ? canary(key) : value]),
    );
  return { ...options, env: replace(env), workspaceEnv: replace(workspaceEnv) };
}
