import type { Fault } from "@molecule/core";

/** A control plane's answer, sorted into what is used and what is not. */
export interface Sorted {
  readonly accepted: ReadonlyMap<string, string>;
  readonly refused: readonly Fault[];
}

const MAX_VALUE_BYTES = 4_096;

/** A name that every shell and program takes (POSIX.1-2017, 8.1), of a length that fits into a log. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;

/**
 * Names that change how a process loads or runs code, or whom its TLS trusts: those of the loader and libc, of the
 * shell, of the language runtimes, of git, ssh and npm, and of programs that tools call by a variable.
 */
const HOSTILE_NAMES = new RegExp(
  `^(?:${[
    "PATH|PATHEXT|COMSPEC|SHELL|HOME|TMPDIR|TMP|TEMP",
    "LD_.*|DYLD_.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|HOSTALIASES|RESOLV_.*|RES_OPTIONS",
    "ENV|BASH_ENV|BASH_FUNC.*|BASHOPTS|SHELLOPTS|IFS|PS4|PROMPT_COMMAND|CDPATH|ZDOTDIR",
    "NODE_.*|NPM_CONFIG_.*|PYTHON.*|PERL5.*|PERLLIB|RUBYOPT|RUBYLIB|GEM_.*|BUNDLE_.*|PHPRC|PHP_INI_SCAN_DIR",
    "JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|JAVA_HOME|CLASSPATH|LUA_.*|UV_.*",
    "OPENSSL_.*|SSL_CERT_.*|SSLKEYLOGFILE|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|CURL_HOME",
    "DOTNET_.*|CORECLR_.*|COR_.*|COMPLUS_.*|MONO_.*|JAVA_OPTS|MAVEN_OPTS|GRADLE_OPTS",
    "GIT_(?!AUTHOR_|COMMITTER_).*|SSH_ASKPASS.*|EDITOR|VISUAL|PAGER|LESSOPEN|LESSCLOSE|BROWSER",
    "XDG_.*",
  ].join("|")})$`,
  "i",
);

/** Sorts an answer. A value is never told. */
export function sort(answer: object): Sorted {
  const accepted = new Map<string, string>();
  const refused: Fault[] = [];
  for (const [name, value] of Object.entries(answer)) {
    const fault = nameFault(name) ?? valueFault(value);
    if (typeof value === "string" && fault === null) accepted.set(name, value);
    else refused.push({ path: JSON.stringify(name.slice(0, 80)), ...(fault ?? NO_STRING) });
  }
  return { accepted, refused };
}

type Reason = Omit<Fault, "path">;

const NO_STRING: Reason = { found: "a value that is no string", allowed: "a string" };

function nameFault(name: string): Reason | null {
  if (!NAME.test(name)) {
    return { found: "this name", allowed: "letters, digits and _, not beginning with a digit" };
  }
  if (!HOSTILE_NAMES.test(name)) return null;
  return { found: "this name", allowed: "a name that does not change how programs load or run code" };
}

function valueFault(value: unknown): Reason | null {
  if (typeof value !== "string") return NO_STRING;
  const size = Buffer.byteLength(value);
  if (size > MAX_VALUE_BYTES) return { found: `${size} bytes`, allowed: `at most ${MAX_VALUE_BYTES} bytes` };
  return value.includes("\0") ? { found: "a value with NUL", allowed: "a value without" } : null;
}
