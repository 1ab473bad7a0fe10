import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { supportErrors } from "../errors.js";
import { NeedleFinder, type Hit, type Needle } from "./find-needles.js";
import { formsOf, isTelling } from "./forms.js";
import {
  KINDS,
  OutputRecord,
  type OutputKind,
  type RecordChunk,
  type RecordedFile,
} from "./output-record.js";

/** How many places are told of in full; more of them say little more. */
const MAX_TOLD = 25;
/** Bytes that are shown on either side of a place. */
const CONTEXT_BYTES = 100;

interface Planted {
  /** What it is, in words; never the value. */
  readonly label: string;
  readonly test: string;
}

interface SecretNeedle extends Needle, Planted {
  readonly fingerprint: string;
  readonly form: string;
}

/**
 * Looks for every secret of a run in every output of it, when the run is over: a value may be known only after it
 * came out.
 */
export class SecretWatch {
  readonly record: OutputRecord;
  readonly #planted = new Map<string, Planted>();
  readonly #plain = new Set<string>();
  readonly #test: () => string;
  #hosts = 0;

  /** @param test - names the test that runs */
  constructor(test: () => string) {
    this.#test = test;
    this.record = new OutputRecord(test);
  }

  /** From now on `value` must not be in any output, nor in one that was recorded before. @param label - what it is */
  plant(value: string, label: string): void {
    if (!isTelling(value)) {
      if (value !== "") this.#plain.add(value);
    } else if (!this.#planted.has(value)) this.#planted.set(value, { label, test: this.#test() });
  }

  /** One more host has been watched; answers its number. */
  countHost(): number {
    return ++this.#hosts;
  }

  /** As {@link OutputRecord.keep}. */
  keep(kind: OutputKind, source: string, text: string): void {
    this.record.keep(kind, source, text);
  }

  /** As {@link OutputRecord.open}. */
  open(kind: OutputKind, source: string): RecordChunk {
    return this.record.open(kind, source);
  }

  /**
   * Searches everything and forgets it.
   *
   * @returns one line about what was searched
   * @throws SECRETS_FOUND with every place, none of the values
   */
  finish(): string {
    try {
      const files = this.record.files();
      const finder = new NeedleFinder(this.#needles());
      const faults = files.flatMap((file) => describeHits(file, finder.inFile(file.path)));
      const searched = this.#searched(files);
      if (faults.length > 0) {
        throw supportErrors.SECRETS_FOUND({
          searched,
          places: faults.slice(0, MAX_TOLD).join("\n"),
          more: Math.max(0, faults.length - MAX_TOLD),
        });
      }
      if (files.length === 0) return `${searched}: nothing was searched`;
      return this.#planted.size === 0
        ? `${searched}: there was nothing to look for`
        : `${searched}: none found`;
    } finally {
      this.record.end();
    }
  }

  *#needles(): Generator<SecretNeedle> {
    for (const [value, planted] of this.#planted) {
      const fingerprint = createHash("sha256").update(value).digest("hex").slice(0, 8);
      for (const { name, text } of formsOf(value)) {
        yield { ...planted, fingerprint, form: name, bytes: Buffer.from(text) };
      }
    }
  }

  #searched(files: readonly RecordedFile[]): string {
    const sizes = Object.entries(KINDS).flatMap(([kind, words]) => {
      const bytes = files.filter((file) => file.kind === kind).reduce((sum, file) => sum + file.bytes, 0);
      return bytes === 0 ? [] : [`${words} ${sizeOf(bytes)}`];
    });
    const plain =
      this.#plain.size === 0 ? "" : ` (${this.#plain.size} more are too short or too plain to look for)`;
    const outputs = sizes.length === 0 ? "no output" : `the output (${sizes.join(", ")})`;
    return `secrets: ${this.#planted.size} planted values${plain} looked for in ${outputs} of ${this.#hosts} hosts`;
  }
}

function sizeOf(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** One text for each secret, form and source; the first place stands for the others. */
function describeHits(file: RecordedFile, hits: readonly Hit<SecretNeedle>[]): string[] {
  const groups = new Map<string, { first: string; count: number }>();
  for (const hit of hits) {
    const { label, test, fingerprint, form } = hit.needle;
    const piece = file.pieces.findLast(({ from }) => from <= hit.at);
    const what = `${label} (sha256 ${fingerprint}…, planted in "${test}"), ${form}`;
    const where = `${piece?.source ?? "?"}, in "${piece?.test ?? "?"}"`;
    const group = groups.get(what + where);
    if (group !== undefined) group.count += 1;
    else {
      const at = `byte ${hit.at - (piece?.from ?? 0)}`;
      groups.set(what + where, {
        first: `- ${what}: ${where}, ${at}: ${contextOf(file, hit, hits)}`,
        count: 1,
      });
    }
  }
  return [...groups.values()].map(({ first, count }) => (count === 1 ? first : `${first} (${count} times)`));
}

/** The text around a place, without any secret of it. */
function contextOf(
  file: RecordedFile,
  { needle, at }: Hit<SecretNeedle>,
  hits: readonly Hit<SecretNeedle>[],
): string {
  const from = Math.max(0, at - CONTEXT_BYTES);
  const until = Math.min(file.bytes, at + needle.bytes.length + CONTEXT_BYTES);
  const bytes = Buffer.alloc(until - from);
  const handle = openSync(file.path, "r");
  try {
    readSync(handle, bytes, 0, bytes.length, from);
  } finally {
    closeSync(handle);
  }
  for (const hit of hits) {
    const [start, end] = [hit.at - from, hit.at - from + hit.needle.bytes.length];
    if (start < bytes.length && end > 0) bytes.fill("*", Math.max(0, start), Math.min(bytes.length, end));
  }
  // A table's file is mostly empty.
  return JSON.stringify(bytes.toString().replaceAll(/\0+/g, "…"));
}
