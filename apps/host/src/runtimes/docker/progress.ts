/** What went wrong in a stream that began with HTTP 200. */
export type StreamFailure = { readonly reason: string } | null;

/**
 * Reads a pull's or build's stream to its end, which is when the engine has finished: one JSON object a line, and
 * a failure is a line with `error` (Docker API, `JSONMessage`).
 * @param onOutput gets what a build prints, as it comes
 * @returns the first failure told, or null
 * @throws when the stream is cut
 */
export async function drainProgress(
  stream: AsyncIterable<unknown>,
  onOutput: (text: string) => void = () => undefined,
): Promise<StreamFailure> {
  let failure: StreamFailure = null;
  const take = (line: string) => {
    if (line.trim() === "") return;
    const message = parseMessage(line);
    if (message.output !== null) onOutput(message.output);
    failure ??= message.failure;
  };
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    rest += chunk instanceof Uint8Array ? decoder.decode(chunk, { stream: true }) : String(chunk);
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
  take(rest);
  return failure;
}

function parseMessage(line: string): { readonly output: string | null; readonly failure: StreamFailure } {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return { output: null, failure: { reason: `the engine's progress is not JSON: ${line.slice(0, 200)}` } };
  }
  if (typeof message !== "object" || message === null) return { output: null, failure: null };
  const output = "stream" in message && typeof message.stream === "string" ? message.stream : null;
  return { output, failure: "error" in message ? { reason: String(message.error) } : null };
}
