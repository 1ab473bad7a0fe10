import { sleep, type Clock } from "./clock.js";
import type { Log } from "./log.js";
import type { PlatformClient } from "./platform-client.js";
import type { TokenFile } from "./token-file.js";

/** How a message ended: taken, workspace removed, refused for a minute, or the agent was told to stop. */
export type Outcome = "delivered" | "removed" | "refused" | "stopped";

/** What {@link Delivery} works with. */
export interface DeliveryOptions {
  readonly client: PlatformClient;
  readonly tokenFile: TokenFile;
  readonly clock: Clock;
  readonly log: Log;
}

/** One message to the platform. */
export interface Message {
  /** What it is, as the log calls it. */
  readonly name: string;
  /** Starts with a slash. */
  readonly path: string;
  /** Made anew for each try, so that a late heartbeat tells the present. */
  body(): unknown;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;
/** A token may just be changing hands; after this long it will not come right by itself. */
const REFUSED_FOR_MS = 60_000;

/**
 * Sends messages until the platform takes them. While it can't be reached the tries go on for ever, 250 ms to 5 s
 * apart or by its Retry-After; a refusal is tried for a minute, after each 401 with the token file read again.
 */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Sends `message`; an abort of `signal` ends it at once. */
  async send(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { client, tokenFile, clock, log } = this.#options;
    let told = "";
    let delayMs = FIRST_DELAY_MS;
    let refusedSince: number | null = null;
    for (let tries = 1; ; tries++) {
      const answer = await client.post(message.path, message.body(), tokenFile.token, signal);
      if (answer.kind === "accepted") {
        if (answer.authToken !== null) await tokenFile.save(answer.authToken);
        if (tries > 1) log(`${message.name}: taken at try ${tries}`);
        return "delivered";
      }
      if (signal.aborted) return "stopped";
      if (answer.kind === "removed") {
        log(`${message.name}: the platform says ${answer.text}: the workspace was removed; ending`);
        return "removed";
      }
      if (answer.kind === "refused") {
        refusedSince ??= clock.monotonic();
        if (clock.monotonic() - refusedSince >= REFUSED_FOR_MS) {
          log(`${message.name}: refused for ${REFUSED_FOR_MS / 1000} s, last with ${answer.text}; giving up`);
          return "refused";
        }
      } else {
        refusedSince = null;
      }
      if (answer.text !== told) log(`${message.name}: ${answer.text}; trying again`);
      told = answer.text;
      const askedMs = answer.kind === "unavailable" ? (answer.retryAfterMs ?? 0) : 0;
      await sleep(clock, Math.max(delayMs, askedMs), signal);
      if (isAborted(signal)) return "stopped";
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      if (answer.kind === "refused" && answer.status === 401) await tokenFile.reload();
    }
  }
}

/** A call, since the compiler takes a property that was read as false for unchanged across an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
