import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MIN_SOUGHT_LENGTH } from "./forms.js";

/** A text that is looked for; at least {@link MIN_SOUGHT_LENGTH} bytes of UTF-8. */
export interface Needle {
  readonly bytes: Buffer;
}

/** Where a needle was found. */
export interface Hit<N extends Needle> {
  readonly needle: N;
  /** Byte of the file at which it begins. */
  readonly at: number;
}

/** Needles are told from other bytes by a hash of their first ones, which rolls over the file (Rabin and Karp). */
const WINDOW = MIN_SOUGHT_LENGTH;
const BASE = 0x01000193;
/** The filter is by the hash's upper bits: the lower ones depend on the window's last bytes only. */
const FILTER_BITS = 22;
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Looks for many texts at once, in one pass over a file of any size. */
export class NeedleFinder<N extends Needle> {
  readonly #filter = new Uint8Array(1 << FILTER_BITS);
  /** By their first bytes; the longest first. */
  readonly #byStart = new Map<string, N[]>();
  readonly #longest: number;

  constructor(needles: Iterable<N>) {
    let longest = WINDOW;
    for (const needle of needles) {
      longest = Math.max(longest, needle.bytes.length);
      const start = needle.bytes.toString("latin1", 0, WINDOW);
      const known = this.#byStart.get(start);
      if (known === undefined) this.#byStart.set(start, [needle]);
      else known.push(needle);
      this.#filter[hashOf(needle.bytes, 0) >>> (32 - FILTER_BITS)] = 1;
    }
    for (const each of this.#byStart.values()) each.sort((a, b) => b.bytes.length - a.bytes.length);
    this.#longest = longest;
  }

  /** Every place of a file at which a needle begins, with the longest one that does. */
  inFile(path: string): Hit<N>[] {
    const file = openSync(path, "r");
    try {
      const { size } = fstatSync(file);
      // What is cut by the end of a chunk stands whole in the next one.
      const overlap = this.#longest - 1;
      const chunk = Buffer.allocUnsafe(Math.min(size, CHUNK_BYTES + overlap));
      const hits: Hit<N>[] = [];
      for (let from = 0; from < size; from += CHUNK_BYTES) {
        const read = readSync(file, chunk, 0, chunk.length, from);
        this.#inChunk(chunk.subarray(0, read), (needle, at) => {
          if (at < CHUNK_BYTES) hits.push({ needle, at: from + at });
        });
      }
      return hits;
    } finally {
      closeSync(file);
    }
  }

  #inChunk(bytes: Buffer, onHit: (needle: N, at: number) => void): void {
    if (bytes.length < WINDOW || this.#byStart.size === 0) return;
    const filter = this.#filter;
    let hash = hashOf(bytes, 0);
    for (let at = 0; ; at += 1) {
      if (filter[hash >>> (32 - FILTER_BITS)] === 1) {
        const needle = this.#at(bytes, at);
        if (needle !== undefined) onHit(needle, at);
      }
      if (at + WINDOW >= bytes.length) return;
      hash = rolled(hash, bytes[at] ?? 0, bytes[at + WINDOW] ?? 0);
    }
  }

  #at(bytes: Buffer, at: number): N | undefined {
    return this.#byStart
      .get(bytes.toString("latin1", at, at + WINDOW))
      ?.find(({ bytes: sought }) => sought.equals(bytes.subarray(at, at + sought.length)));
  }
}

/** What the first byte of a window weighs. */
const FIRST_WEIGHT = powerOfBase(WINDOW - 1);

function hashOf(bytes: Buffer, from: number): number {
  let hash = 0;
  for (let at = from; at < from + WINDOW; at += 1) hash = (Math.imul(hash, BASE) + (bytes[at] ?? 0)) | 0;
  return hash;
}

function rolled(hash: number, leaving: number, coming: number): number {
  return (Math.imul(hash - Math.imul(leaving, FIRST_WEIGHT), BASE) + coming) | 0;
}

function powerOfBase(exponent: number): number {
  let power = 1;
  for (let times = 0; times < exponent; times += 1) power = Math.imul(power, BASE);
  return power;
}
