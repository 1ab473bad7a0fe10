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
