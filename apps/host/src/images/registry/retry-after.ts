/** Ms of the units of Go's durations, which GHCR writes its waits in. */
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** E.g. `retry-after: 880.092µs, allowed: 44000/minute`, somewhere in the text of an error. */
const BODY_WAIT = /retry-after:\s*((?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+)/i;

/**
 * How long a registry that has answered 429 wants to be left alone, in ms; null when it does not say. The header is in
 * seconds or a date (RFC 9110, section 10.2.3); GHCR says it in the body instead.
 * @param now ms since the epoch
 */
export function retryAfterMs(header: string | null, body: string, now: number): number | null {
  const text = header?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  // Only what begins with a day's name: the parser takes "-1" for a year.
  const date = /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(date)) return Math.max(0, date - now);
  const duration = BODY_WAIT.exec(body)?.[1];
  return duration === undefined ? null : durationMs(duration);
}

function durationMs(text: string): number {
  let total = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/gi)) {
    total += Number(amount) * (UNIT_MS[unit.toLowerCase()] ?? 0);
  }
  return total;
}
