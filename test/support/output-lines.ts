import { createInterface } from "node:readline";

/** One line that a program said. */
export interface OutputLine {
  readonly text: string;
  /** Its fields where the line is a JSON object, as the host's log is with `LOG_FORMAT=json`. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** The field `msg` where there is one, else the whole text. */
  readonly message: string;
}

/** Appends every line of a stream to `lines` as it comes. */
export function collectLines(stream: NodeJS.ReadableStream, lines: OutputLine[]): void {
  createInterface({ input: stream }).on("line", (text) => {
    const fields = parseFields(text);
    lines.push({ text, fields, message: typeof fields?.msg === "string" ? fields.msg : text });
  });
}

function parseFields(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}
