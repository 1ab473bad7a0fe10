import { open, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { Writable } from "node:stream";

/** Only the host's user may read it: a process may print what it should not. */
const FILE_MODE = 0o600;

const LINE_FEED = 0x0a;

/** Where a log goes, and how much of it is kept. */
export interface CappedLogOptions {
  readonly path: string;
  /**
   * Bytes after which the file becomes `<path>.1`, in place of the one before: up to twice as many are kept, and what
   * a line needs that is being written.
   */
  readonly capBytes: number;
  /** Told once when the log can't be written; what comes then is dropped, so that nobody waits for it. */
  readonly onFault: (error: unknown) => void;
}

/** Appends to a file of limited size. */
export class CappedLog extends Writable {
  readonly #options: CappedLogOptions;
  #file: FileHandle | undefined;
  #size = 0;
  /** Whether what was written last ends a line; taken for granted of an earlier process's end. */
  #atLineStart = true;
  #broken = false;
  #appending: Promise<void> = Promise.resolve();

  constructor(options: CappedLogOptions) {
    super({ decodeStrings: true });
    this.#options = options;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#appending = this.#append(chunk).catch((error: unknown) => {
      if (!this.#broken) this.#options.onFault(error);
      this.#broken = true;
    });
    void this.#appending.then(() => {
      callback();
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // A stream that is destroyed while it writes may be opening its file right now.
    const closing = this.#appending.then(() => this.#file?.close());
    closing.then(
      () => {
        callback(error);
      },
      (fault: unknown) => {
        this.#options.onFault(fault);
        callback(error);
      },
    );
  }

  async #append(chunk: Buffer): Promise<void> {
    if (this.#broken) return;
    let file = (this.#file ??= await this.#open());
    let rest = chunk;
    if (this.#size > 0 && this.#size + chunk.length > this.#options.capBytes) {
      // Files begin with a line: the tail of one whose start is gone could be a piece of a secret, which nothing masks.
      const lineEnd = this.#atLineStart ? 0 : chunk.indexOf("\n") + 1;
      if (lineEnd > 0) await this.#write(file, chunk.subarray(0, lineEnd));
      if (this.#atLineStart || this.#size > 2 * this.#options.capBytes) file = await this.#rotate(file);
      rest = chunk.subarray(lineEnd);
    }
    await this.#write(file, rest);
  }

  async #write(file: FileHandle, bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    await file.write(bytes);
    this.#size += bytes.length;
    this.#atLineStart = bytes.at(-1) === LINE_FEED;
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#options.path, "a", FILE_MODE);
    try {
      this.#size = (await file.stat()).size;
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #rotate(full: FileHandle): Promise<FileHandle> {
    this.#file = undefined;
    await full.close();
    await rename(this.#options.path, olderPath(this.#options.path));
    return (this.#file = await this.#open());
  }
}

/** The last `lines` lines of a {@link CappedLog}; null when there is none. */
export async function readLogTail(path: string, lines: number): Promise<string | null> {
  const parts = await Promise.all([readIfThere(olderPath(path)), readIfThere(path)]);
  if (parts.every((part) => part === null)) return null;
  // Joined as bytes: a character may lie in both.
  const all = Buffer.concat(parts.filter((part) => part !== null))
    .toString("utf8")
    .split("\n");
  // The last line has an end of its own, so that what follows it is no line.
  const end = all.at(-1) === "" ? 1 : 0;
  return all.slice(-(lines + end)).join("\n");
}

/** Removes what a {@link CappedLog} has written, so that the next begins empty. */
export async function discardLog(path: string): Promise<void> {
  for (const each of [path, olderPath(path)]) await rm(each, { force: true });
}

function olderPath(path: string): string {
  return `${path}.1`;
}

async function readIfThere(path: string): Promise<Buffer | null> {
  return await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  });
}
