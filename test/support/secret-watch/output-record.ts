import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { own, type Ownership } from "../lifetime.js";

/** What kind of output a text is. */
export type OutputKind = "log" | "answer" | "frame" | "command" | "database";

/** The words for each kind, as the line at the end of a run has them. */
export const KINDS: Readonly<Record<OutputKind, string>> = {
  log: "log",
  answer: "answers",
  frame: "frames",
  command: "commands",
  database: "database rows",
};

/** From which byte of a file on the output is of this source. */
interface Piece {
  readonly from: number;
  readonly source: string;
  readonly test: string;
}

/** A file of outputs. */
export interface RecordedFile {
  readonly path: string;
  readonly kind: OutputKind;
  /** In the order of their places; the first is at 0. */
  readonly pieces: readonly Piece[];
  readonly bytes: number;
}

/** Takes one stream's output, piece by piece. */
export type RecordChunk = (chunk: string | Uint8Array) => void;

const FLUSH_BYTES = 256 * 1024;

/** One file to which outputs are appended. */
class OutputFile {
  readonly path: string;
  readonly kind: OutputKind;
  readonly pieces: Piece[] = [];
  bytes = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(path: string, kind: OutputKind) {
    this.path = path;
    this.kind = kind;
  }

  append(chunk: string | Uint8Array, source: string, test: string): void {
    const bytes = Buffer.from(chunk);
    const last = this.pieces.at(-1);
    if (last?.source !== source || last.test !== test) this.pieces.push({ from: this.bytes, source, test });
    this.bytes += bytes.length;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= FLUSH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#waitingBytes === 0) return;
    appendFileSync(this.path, Buffer.concat(this.#waiting));
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

/**
 * Keeps the outputs of a run in files, until it is known what all of its secrets are. A stream has a file of its own,
 * so that what it says in two pieces is found; whole texts share one for each kind.
 */
export class OutputRecord {
  readonly #files: OutputFile[] = [];
  readonly #shared = new Map<OutputKind, OutputFile>();
  readonly #test: () => string;
  #folder: string | undefined;
  #ownership: Ownership | undefined;

  /** @param test - names the test that runs */
  constructor(test: () => string) {
    this.#test = test;
  }

  /** Keeps a whole text. */
  keep(kind: OutputKind, source: string, text: string): void {
    let file = this.#shared.get(kind);
    if (file === undefined) {
      file = this.#newFile(kind);
      this.#shared.set(kind, file);
    }
    file.append(`${text}\n`, source, this.#test());
  }

  /** Keeps what a stream says from now on. */
  open(kind: OutputKind, source: string): RecordChunk {
    const file = this.#newFile(kind);
    return (chunk) => {
      file.append(chunk, source, this.#test());
    };
  }

  /** All that was kept. */
  files(): readonly RecordedFile[] {
    for (const file of this.#files) file.flush();
    return this.#files.filter(({ bytes }) => bytes > 0);
  }

  /** Removes the files. */
  end(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#ownership?.release();
    this.#folder = undefined;
    this.#files.length = 0;
    this.#shared.clear();
  }

  #newFile(kind: OutputKind): OutputFile {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), "moutput-"));
      this.#ownership = own({ kind: "directory", path: this.#folder });
    }
    const file = new OutputFile(join(this.#folder, `${this.#files.length}.out`), kind);
    this.#files.push(file);
    return file;
  }
}
