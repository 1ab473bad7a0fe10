/** A header beyond this is taken for a mistake: an agent that sleeps for days looks dead. */
const LONGEST_MS = 5 * 60_000;

/**
 * ms to wait by a `Retry-After` header (RFC 9110 §10.2.3: seconds, or a date), at most 5 minutes; null when there is
 * none that can be read.
 *
 * @param now - wall clock, ms since the epoch, for the form with a date
 */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  // Date.parse takes almost anything for a date; each of the three forms of HTTP starts with a day's name.
  const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.min(Math.max(date - now, 0), LONGEST_MS);
}
