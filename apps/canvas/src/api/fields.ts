import { ApiError } from "./api-error.js";

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads an array, each element by `read`. @throws ApiError `malformed` */
export function readList<T>(value: unknown, what: string, read: (item: unknown, what: string) => T): T[] {
  if (!Array.isArray(value)) throw malformed(what, "an array", value);
  return value.map((item: unknown, index) => read(item, `${what}[${index}]`));
}

/**
 * Reads the fields of a JSON object and checks their types, so that nothing else enters the page. Unknown keys are
 * ignored: a newer host may send more. Every method throws an ApiError of kind `malformed` that names the field.
 */
export class Fields {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #what: string;

  /** @param what how the object is called in an error, e.g. `workspace` */
  constructor(value: unknown, what: string) {
    if (!isRecord(value)) throw malformed(what, "an object", value);
    this.#record = value;
    this.#what = what;
  }

  string(key: string): string {
    const value = this.#record[key];
    return typeof value === "string" ? value : this.#refuse(key, "a string");
  }

  /** Null when the field is null or absent. */
  stringOrNull(key: string): string | null {
    return this.#isAbsent(key) ? null : this.string(key);
  }

  number(key: string): number {
    const value = this.#record[key];
    return typeof value === "number" && Number.isFinite(value) ? value : this.#refuse(key, "a number");
  }

  /** Null when the field is null or absent. */
  numberOrNull(key: string): number | null {
    return this.#isAbsent(key) ? null : this.number(key);
  }

  boolean(key: string): boolean {
    const value = this.#record[key];
    return typeof value === "boolean" ? value : this.#refuse(key, "true or false");
  }

  list<T>(key: string, read: (item: unknown, what: string) => T): T[] {
    return readList(this.#record[key], `${this.#what}.${key}`, read);
  }

  /** A list of strings; empty when the field is null or absent. */
  strings(key: string): string[] {
    return this.#isAbsent(key) ? [] : this.list(key, readString);
  }

  /** The entries of an object, in its order. */
  entries<T>(key: string, read: (item: unknown, what: string) => T): [string, T][] {
    const value = this.#record[key];
    if (!isRecord(value)) return this.#refuse(key, "an object");
    return Object.entries(value).map(([name, item]) => [name, read(item, `${this.#what}.${key}.${name}`)]);
  }

  object<T>(key: string, read: (item: unknown, what: string) => T): T {
    return read(this.#record[key], `${this.#what}.${key}`);
  }

  /** Null when the field is null or absent. */
  objectOrNull<T>(key: string, read: (item: unknown, what: string) => T): T | null {
    return this.#isAbsent(key) ? null : this.object(key, read);
  }

  #isAbsent(key: string): boolean {
    return this.#record[key] === undefined || this.#record[key] === null;
  }

  #refuse(key: string, allowed: string): never {
    throw malformed(`${this.#what}.${key}`, allowed, this.#record[key]);
  }
}

function readString(value: unknown, what: string): string {
  if (typeof value !== "string") throw malformed(what, "a string", value);
  return value;
}

function malformed(what: string, allowed: string, found: unknown): ApiError {
  const kind = found === null ? "null" : Array.isArray(found) ? "an array" : `type ${typeof found}`;
  return new ApiError(
    `The platform's answer can't be read: ${what} must be ${allowed}, found ${kind}. Is the page of the same version as the host? Reload it.`,
    { kind: "malformed" },
  );
}
