import type { Fault } from "@molecule/core";

/** The environment as configuration reads it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables one by one and gathers every fault. An empty value counts as unset. */
export class VariableReader {
  readonly faults: Fault[] = [];
  /** The variables that were asked for. */
  readonly names = new Set<string>();
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** The value, or undefined when unset or blank. */
  text(name: string): string | undefined {
    this.names.add(name);
    const value = this.#env[name];
    return value === undefined || value.trim() === "" ? undefined : value;
  }

  /** A whole number from `min` to `max`. */
  integer(name: string, range: { min: number; max: number }): number | undefined {
    const { min, max } = range;
    return this.parsed(name, `a whole number from ${min} to ${max}`, (text) => {
      const value = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    });
  }

  /** One of `allowed`. */
  choice<const T extends string>(name: string, allowed: readonly T[]): T | undefined {
    return this.parsed(name, `one of ${allowed.join(", ")}`, (text) => allowed.find((each) => each === text));
  }

  /** `true` or `false`. */
  flag(name: string): boolean | undefined {
    const word = this.choice(name, ["true", "false", "1", "0"]);
    return word === undefined ? undefined : word === "true" || word === "1";
  }

  /** An absolute URL with one of `protocols`. */
  url(name: string, protocols: readonly string[]): string | undefined {
    const allowed = `a URL that starts with ${protocols.map((each) => `${each}//`).join(" or ")}`;
    return this.parsed(name, allowed, (text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      return url !== undefined && protocols.includes(url.protocol) ? text : undefined;
    });
  }

  /** What `parse` makes of the value; undefined from it is a fault. */
  parsed<T>(name: string, allowed: string, parse: (text: string) => T | undefined): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) this.fault(name, text, allowed);
    return value;
  }

  /** Notes a fault. The text found is told without what could be a password in a URL. */
  fault(path: string, found: string, allowed: string): void {
    const shown = found
      .replace(/\/\/.*@/s, "//…@")
      .replace(/([?&]password=)[^&#]*/g, "$1…")
      .slice(0, 80);
    this.faults.push({ path, found: JSON.stringify(shown), allowed });
  }
}
