/** A field of what a `config.yaml` holds, of which nothing is certain; undefined where there is none. */
export function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && key in value
    ? Object.entries(value).find(([k]) => k === key)?.[1]
    : undefined;
}

/** A field that is a text with something in it, else null. */
export function textField(value: unknown, key: string): string | null {
  const found = field(value, key);
  return typeof found === "string" && found !== "" ? found : null;
}

/** A field that is a tier, else null. */
export function tierField(value: unknown, key: string): number | null {
  const found = field(value, key);
  return typeof found === "number" && Number.isInteger(found) && found >= 1 && found <= 4 ? found : null;
}

/** The texts of a field that is a list, else none. */
export function listField(value: unknown, key: string): string[] {
  const found = field(value, key);
  return Array.isArray(found) ? found.filter((each) => typeof each === "string") : [];
}
