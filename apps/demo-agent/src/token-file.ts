import { readFile, rename, rm, writeFile } from "node:fs/promises";
import type { Log } from "./log.js";

/** Characters of a bearer token, RFC 6750 §2.1. Anything else could not be sent, and errors would quote it. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The workspace's token, in the file where the platform puts it before the agent starts. */
export class TokenFile {
  readonly #path: string;
  readonly #log: Log;
  #token: string | null = null;
  #told = "";

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** The token as last read or saved; null while there is none. */
  get token(): string | null {
    return this.#token;
  }

  /** Reads the file. A file that is missing or unusable leaves the token as it was. */
  async reload(): Promise<void> {
    try {
      const text = (await readFile(this.#path, "utf8")).trim();
      if (BEARER_TOKEN.test(text)) this.#token = text;
      else this.#tell(`${this.#path} holds no bearer token; put the workspace's token there`);
    } catch (error) {
      const held = this.#token === null ? "going on without a token" : "going on with the token held";
      this.#tell(`${this.#path} can't be read (${codeOf(error)}); ${held}`);
    }
  }

  /** Keeps a token that the platform gave, for this process and, mode 0600, for the next one. */
  async save(token: string): Promise<void> {
    if (!BEARER_TOKEN.test(token)) {
      this.#tell(
        "the platform's answer carries a token that can't be sent as a bearer token; it is not kept",
      );
      return;
    }
    this.#token = token;
    const draft = `${this.#path}.new`;
    try {
      // A file left by a crash would keep its own mode, and a rename is seen whole or not at all.
      await rm(draft, { force: true });
      await writeFile(draft, token, { mode: 0o600, flag: "wx" });
      await rename(draft, this.#path);
    } catch (error) {
      this.#tell(
        `${this.#path} can't be written (${codeOf(error)}); the token is lost when this process ends`,
      );
    }
  }

  /** The file is looked at again and again while the platform refuses it: one fault is told once. */
  #tell(line: string): void {
    if (line !== this.#told) this.#log(line);
    this.#told = line;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.message : String(error);
}
