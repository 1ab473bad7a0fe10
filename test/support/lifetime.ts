import { spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { messageOf } from "@molecule/core";
import { widePath } from "./commands.js";
import { endOwned, type Owned } from "./owned.js";

/** Something that this process answers for until it is released. */
export interface Ownership {
  /** It ended or was removed: nobody needs to look after it any more. */
  release(): void;
}

let nextKey = 1;
let watchdog: Writable | undefined;
const disposers: (() => Promise<void>)[] = [];

/**
 * From now on `owned` ends with this process, also when that is killed: a watchdog process sees its end of a
 * pipe close. Call it right after the thing came to be, and release it right after it went.
 */
export function own(owned: Owned): Ownership {
  const key = nextKey++;
  tell({ key, owned });
  let released = false;
  return {
    release: () => {
      if (released) return;
      released = true;
      tell({ key });
    },
  };
}

/** As {@link own}, and it is ended in order, last come first served, when the tests are through. */
export function ownUntilEnd(owned: Owned): Ownership {
  const ownership = own(owned);
  let released = false;
  atEnd(async () => {
    if (released) return;
    await endOwned(owned);
    ownership.release();
  });
  return {
    release: () => {
      released = true;
      ownership.release();
    },
  };
}

/** Runs `dispose` when all tests are through, after what was registered later. */
export function atEnd(dispose: () => Promise<void>): void {
  disposers.push(dispose);
}

/**
 * Ends everything in reverse order; mocha's global teardown calls it.
 *
 * @throws AggregateError of what has failed; the rest was ended all the same.
 */
export async function endEverything(): Promise<void> {
  const faults: unknown[] = [];
  for (let dispose = disposers.pop(); dispose !== undefined; dispose = disposers.pop()) {
    try {
      await dispose();
    } catch (thrown) {
      faults.push(thrown);
    }
  }
  watchdog?.end();
  watchdog = undefined;
  if (faults.length === 0) return;
  // Mocha prints the message only: it has to tell of each fault.
  throw new AggregateError(faults, `at the end of the tests:\n${faults.map(messageOf).join("\n")}`);
}

function tell(message: { readonly key: number; readonly owned?: Owned }): void {
  watchdog ??= startWatchdog();
  watchdog.write(`${JSON.stringify(message)}\n`);
}

function startWatchdog(): Writable {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./watchdog.js", import.meta.url))], {
    // A session of its own: Ctrl-C ends the tests, and the watchdog then still has its work to do.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    // Node hands NODE_V8_COVERAGE on unless told; it would still write when the coverage is being read.
    env: { PATH: widePath(), NODE_V8_COVERAGE: "" },
  });
  child.unref();
  // It must not keep the tests' process alive, nor be taken for a leak of the test that came first.
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child.stdin;
}
