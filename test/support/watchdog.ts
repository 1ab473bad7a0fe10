import { createInterface } from "node:readline";
import { endOwned, isOwned, type Owned } from "./owned.js";

// A process of its own that outlives the tests, whatever ends them: it reads what they own from its standard
// input, and when that closes (also by SIGKILL or a crash) it ends whatever was not released.
const owned = new Map<number, Owned>();

for await (const line of createInterface({ input: process.stdin })) {
  const message: unknown = JSON.parse(line);
  if (typeof message !== "object" || message === null || !("key" in message)) continue;
  if (typeof message.key !== "number") continue;
  if ("owned" in message && isOwned(message.owned)) owned.set(message.key, message.owned);
  else owned.delete(message.key);
}

for (const thing of [...owned.values()].reverse()) {
  // One thing that can't be ended must not keep the others alive.
  await endOwned(thing).catch(() => undefined);
}
