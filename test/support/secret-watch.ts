import { keepExchange, type Exchange } from "./secret-watch/answers.js";
import type { OutputKind, RecordChunk } from "./secret-watch/output-record.js";
import { plantDotenv, plantEnvironment } from "./secret-watch/plants.js";
import { SecretWatch } from "./secret-watch/secret-watch.js";
import { WatchedFetch } from "./secret-watch/watched-fetch.js";

interface Running {
  readonly watch: SecretWatch;
  readonly fetched: WatchedFetch;
  readonly original: typeof fetch;
}

let running: Running | undefined;
let test = "before the first test";

/**
 * Watches over the secrets of this process's tests from now on; mocha's global setup calls it. Where nobody has
 * called it, as in a bench, nothing of this module does anything.
 */
export function startSecretWatch(): void {
  const watch = new SecretWatch(() => test);
  const original = globalThis.fetch;
  const fetched = new WatchedFetch(watch, original);
  globalThis.fetch = fetched.fetch;
  running = { watch, fetched, original };
}

/**
 * Looks for all secrets in all outputs; mocha's global teardown calls it.
 *
 * @returns one line about what was searched
 * @throws SECRETS_FOUND
 */
export async function finishSecretWatch(): Promise<string> {
  if (running === undefined) return "secrets: nobody has watched";
  const { watch, fetched, original } = running;
  globalThis.fetch = original;
  await fetched.settle();
  running = undefined;
  return watch.finish();
}

/** Whether anybody looks at what is recorded; where not, nothing needs to be read for it. */
export function isWatchingSecrets(): boolean {
  return running !== undefined;
}

/** Names the test to which secrets and outputs belong from now on. */
export function nameTest(title: string): void {
  test = title;
}

/** This value must not come out, in this test or any other. @param label - what it is, in words */
export function plantSecret(value: string, label: string): void {
  running?.watch.plant(value, label);
}

/** As {@link plantSecret}, all that is secret in the environment of a host. */
export function plantSecretsOf(env: Readonly<Record<string, string | undefined>>, of: string): void {
  if (running !== undefined) plantEnvironment(running.watch, env, of);
}

/** As {@link plantSecret}, all that is secret in a `.env` file. */
export function plantSecretsOfDotenv(text: string, of: string): void {
  if (running !== undefined) plantDotenv(running.watch, text, of);
}

/** No secret must be in `text`. @param source - whose output it is, for whoever looks for the leak */
export function recordOutput(kind: OutputKind, source: string, text: string): void {
  running?.watch.keep(kind, source, text);
}

/** As {@link recordOutput}, for what comes in pieces. */
export function recordStream(kind: OutputKind, source: string): RecordChunk {
  return running?.watch.open(kind, source) ?? (() => undefined);
}

/** Records an answer of a host that did not come by `fetch`, and plants the secrets of the exchange. */
export function recordExchange(exchange: Exchange): void {
  if (running !== undefined) keepExchange(running.watch, exchange);
}

/** A host answers at `url`: what it answers to `fetch` is recorded by itself. */
export function watchHost(url: string): void {
  running?.fetched.addHost(url);
}

/** One more host is watched; answers its name. */
export function nameHost(): string {
  return `host ${running?.watch.countHost() ?? 0}`;
}
