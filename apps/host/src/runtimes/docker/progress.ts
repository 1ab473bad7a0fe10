/** What went wrong in a stream that began with HTTP 200. */
export type StreamFailure = { readonly reason: string } | null;

/** How far a pull is with one layer of an image. */
export interface LayerProgress {
  /** The layer's short id. */
  readonly id: string;
  /** As the engine says it, e.g. `Downloading`, `Pull complete`. */
  readonly status: string;
  /** Bytes; null where the engine does not say. */
  readonly current: number | null;
  readonly total: number | null;
}

/** What is told while a stream is read. */
export interface ProgressListeners {
  /** Gets what a build prints, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Gets what a pull tells of layers. */
  readonly onLayer?: (progress: LayerProgress) => void;
}

/**
 * Reads a pull's or build's stream to its end, which is when the engine has finished: one JSON object a line, and
 * a failure is a line with `error` (Docker API, `JSONMessage`).
 * @returns the first failure told, or null
 * @throws when the stream is cut
 */
export async function drainProgress(
  stream: AsyncIterable<unknown>,
  { onOutput, onLayer }: ProgressListeners = {},
): Promise<StreamFailure> {
  let failure: StreamFailure = null;
  const take = (line: string) => {
    if (line.trim() === "") return;
    const message = parseMessage(line);
    if (message.output !== null) onOutput?.(message.output);
    if (message.layer !== null) onLayer?.(message.layer);
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

interface Message {
  readonly output: string | null;
  readonly layer: LayerProgress | null;
  readonly failure: StreamFailure;
}

function parseMessage(line: string): Message {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    const reason = `the engine's progress is not JSON: ${line.slice(0, 200)}`;
    return { output: null, layer: null, failure: { reason } };
  }
  if (typeof message !== "object" || message === null) return { output: null, layer: null, failure: null };
  const output = "stream" in message && typeof message.stream === "string" ? message.stream : null;
  const failure = "error" in message ? { reason: String(message.error) } : null;
  return { output, layer: layerIn(message), failure };
}

function layerIn(message: object): LayerProgress | null {
  if (!("id" in message) || !("status" in message)) return null;
  const { id, status } = message;
  if (typeof id !== "string" || typeof status !== "string") return null;
  const detail: unknown = "progressDetail" in message ? message.progressDetail : null;
  return { id, status, current: numberIn(detail, "current"), total: numberIn(detail, "total") };
}

function numberIn(detail: unknown, name: string): number | null {
  if (typeof detail !== "object" || detail === null) return null;
  const value: unknown = Object.entries(detail).find(([key]) => key === name)?.[1];
  return typeof value === "number" ? value : null;
}
