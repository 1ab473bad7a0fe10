import picomatch from "picomatch";

const compiled = new WeakMap<readonly string[], (key: string) => boolean>();

/** A test for names by globs (`ACME_*`); undefined, meaning anything, without globs. */
export function globMatcher(globs: readonly string[] | undefined): ((key: string) => boolean) | undefined {
  if (globs === undefined) return undefined;
  let matcher = compiled.get(globs);
  if (matcher === undefined) {
    matcher = globs.length === 0 ? () => false : picomatch([...globs]);
    compiled.set(globs, matcher);
  }
  return matcher;
}

/** Whether `pattern` stands for more than the one name that it spells. */
export function isGlob(pattern: string): boolean {
  return /[*?[\]{}()!+@\\]/.test(pattern);
}

/**
 * Whether a name can match both globs. Exact for `*` and `?`; of richer ones it is only known where one of them
 * matches the other's text.
 */
export function globsMeet(a: string, b: string): boolean {
  if (/[[\]{}()!+@\\]/.test(a + b)) return picomatch.isMatch(a, b) || picomatch.isMatch(b, a);
  // From the ends to the starts; meets[j]: whether what is left of `a`, and of `b` from j on, can be the same name.
  let below: boolean[] = [];
  for (let i = a.length; i >= 0; i -= 1) {
    const meets: boolean[] = [];
    for (let j = b.length; j >= 0; j -= 1)
      meets[j] = meetAt(a[i], b[j], below[j], meets[j + 1], below[j + 1]);
    below = meets;
  }
  return below[0] ?? false;
}

/** @param skipA - what holds without this character of `a`; likewise `skipB` and `skipBoth` */
function meetAt(
  a: string | undefined,
  b: string | undefined,
  skipA = false,
  skipB = false,
  skipBoth = false,
): boolean {
  if (a === undefined && b === undefined) return true;
  if (a === "*" || b === "*") return (a !== undefined && skipA) || (b !== undefined && skipB);
  return a !== undefined && b !== undefined && (a === b || a === "?" || b === "?") && skipBoth;
}
