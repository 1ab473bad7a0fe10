/** What went wrong in a stream that began with HTTP 200. */
export type StreamFailure = { readonly reason: string } | null;

/**
 * Reads a pull's or build's stream to its end, which is when the engine has finished: one JSON object a line, and
 * a failure is a line with `error` (Docker API, `JSONMessage`).
 * @returns the first failure told, or null
 * @throws when the stream is cut
 */
export async function drainProgress(stream: AsyncIterable<unknown>): Promise<StreamFailure> {
  let failure: StreamFailure = null;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    rest += chunk instanceof Uint8Array ? decoder.decode(chunk, { stream: true }) : String(chunk);
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) failure ??= failureOf(line);
  }
  return failure ?? failureOf(rest);
}

function failureOf(line: string): StreamFailure {
  if (line.trim() === "") return null;
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return { reason: `the engine's progress is not JSON: ${line.slice(0, 200)}` };
  }
  if (typeof message !== "object" || message === null || !("error" in message)) return null;
  return { reason: String(message.error) };
}
