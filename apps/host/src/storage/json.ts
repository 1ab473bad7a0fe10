/**
 * What `value` is stored as in a jsonb column. JSON may hold NUL and lone surrogates, Postgres' jsonb refuses both
 * (SQLSTATE 22P05): they become U+FFFD here, so that no text an agent sends can make a write fail.
 */
export function toJsonb(value: unknown): string {
  // undefined has no JSON text, whatever the type of stringify says.
  const text = JSON.stringify(value ?? null);
  // Well-formed JSON.stringify escapes only surrogates that stand alone. A pair of backslashes is matched as one, so
  // that the text `\u0000`, which is `\\u0000` in JSON, stays.
  return text.replace(/\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/g, (found) =>
    found === "\\\\" ? found : "\\ufffd",
  );
}
