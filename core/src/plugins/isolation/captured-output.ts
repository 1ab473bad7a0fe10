import type { Readable } from "node:stream";

/** Characters of one line; output without any line end must not fill the memory. */
const MAX_LINE = 65_536;

const TOO_LONG = `(a line of more than ${MAX_LINE} characters was left out)`;

/**
 * Gives what a worker's stream brings, line by line, empty ones left out; the last one when the stream ends. Each is
 * given after the event loop's turn: output comes on another way than messages, and a secret that was told before
 * the line was written must be known by then. A line that is too long is left out as a whole: in pieces of it, a
 * secret that is cut apart could not be masked.
 */
export function captureLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  let isTooLong = false;
  const give = (line: string) => {
    const text = isTooLong || line.length > MAX_LINE ? TOO_LONG : line.trimEnd();
    isTooLong = false;
    if (text === "") return;
    setImmediate(() => {
      onLine(text);
    });
  };
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(give);
    if (rest.length <= MAX_LINE) return;
    isTooLong = true;
    rest = "";
  });
  stream.on("end", () => {
    give(rest);
    rest = "";
  });
}
