import type { Readable } from "node:stream";

/** Characters of one line; what is longer is cut up, so that output without any line end can't fill the memory. */
const MAX_LINE = 8_192;

/**
 * Gives what a worker's stream brings, line by line, empty ones left out; the last one when the stream ends. Each is
 * given after the event loop's turn: output comes on another way than messages, and a secret that was told before
 * the line was written must be known by then.
 */
export function captureLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  const give = (line: string) => {
    const text = line.trimEnd();
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
    while (rest.length >= MAX_LINE) {
      give(rest.slice(0, MAX_LINE));
      rest = rest.slice(MAX_LINE);
    }
  });
  stream.on("end", () => {
    give(rest);
    rest = "";
  });
}
