import { compileSchema, Type } from "@molecule/core";

/** Labels of an engine object. */
export type Labels = Readonly<Record<string, string>>;

const checkFilters = compileSchema(
  Type.Record(
    Type.String(),
    // Lists from newer clients, maps of `true` from older ones (Docker API, "filters").
    Type.Union([Type.Array(Type.String()), Type.Record(Type.String(), Type.Boolean())]),
  ),
);

/** The `filters` of a query, by name; empty where there are none. */
export function parseFilters(text: string | null): Readonly<Record<string, readonly string[]>> {
  if (text === null) return {};
  const parsed: unknown = JSON.parse(text);
  const checked = checkFilters(parsed);
  if (!checked.ok) return {};
  return Object.fromEntries(
    Object.entries(checked.value).map(([name, value]) => [
      name,
      Array.isArray(value) ? value : Object.keys(value),
    ]),
  );
}

/** Whether labels fulfil every `key` and `key=value` of a filter. */
export function labelsMatch(labels: Labels, filter: readonly string[]): boolean {
  return filter.every((term) => {
    const end = term.indexOf("=");
    if (end < 0) return Object.hasOwn(labels, term);
    return labels[term.slice(0, end)] === term.slice(end + 1);
  });
}
