/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** In lower case, e.g. `bearer`. */
  readonly scheme: string;
  /** By their names in lower case. */
  readonly params: ReadonlyMap<string, string>;
}

const SEPARATORS = /[ \t,]*/y;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
/** Credentials in place of parameters, as in `Negotiate TlRMTVNT==`. */
const TOKEN_68 = /[ \t]+[0-9A-Za-z\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
/** Values without quotes may hold what a token may not: some registries send their realm so. */
const PARAM = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;

/**
 * The challenges of a `WWW-Authenticate` header (RFC 9110, section 11.6.1), in their order. What comes after a fault is
 * left out: half a header must not lead anywhere.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    take(SEPARATORS);
    const current = challenges.at(-1);
    const param = current === undefined ? null : take(PARAM);
    if (param !== null) {
      const [, name = "", quoted, bare = ""] = param;
      current?.params.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? bare);
      continue;
    }
    const scheme = take(TOKEN);
    if (scheme === null) return challenges;
    challenges.push({ scheme: scheme[0].toLowerCase(), params: new Map() });
    take(TOKEN_68);
  }
}
