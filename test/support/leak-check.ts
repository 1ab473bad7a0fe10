import { setTimeout as pause } from "node:timers/promises";
import { supportErrors } from "./errors.js";
import { failLate } from "./verdicts.js";

/**
 * How long what a test opened may take to close by itself, in ms: sockets and processes end asynchronously, and late
 * on a busy machine. Only a test that leaks waits for all of it.
 */
const GRACE_MS = 10_000;
const LOOK_EVERY_MS = 10;

/** Kinds that say nothing of a leak: the terminal, and what runs in the event loop's current turn. */
const IGNORED = new Set(["TTYWrap", "Immediate"]);

/** Open resources by kind (`Timeout`, `TCPSocketWrap`, …), only those that keep the event loop alive. */
type Census = ReadonlyMap<string, number>;

async function takeCensus(): Promise<Census> {
  // Mocha sets a hook's own timer once the hook has turned out to be asynchronous: after its first await.
  await Promise.resolve();
  const census = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!IGNORED.has(kind)) census.set(kind, (census.get(kind) ?? 0) + 1);
  }
  return census;
}

/** What there is more of than before. */
async function surplus(before: Census): Promise<Census> {
  const more = [...(await takeCensus())].map(([kind, count]): [string, number] => [
    kind,
    count - (before.get(kind) ?? 0),
  ]);
  return new Map(more.filter(([, count]) => count > 0));
}

/** The surplus that is still there after {@link GRACE_MS}; empty as soon as there is none. */
async function leftovers(before: Census): Promise<Census> {
  const deadline = performance.now() + GRACE_MS;
  for (;;) {
    const more = await surplus(before);
    if (more.size === 0 || performance.now() >= deadline) return more;
    await pause(LOOK_EVERY_MS);
  }
}

function inWords(census: Census): string {
  return [...census].map(([kind, count]) => `${count} × ${kind}`).join(", ");
}

function sum(one: Census, other: Census): Census {
  const both = new Map(one);
  for (const [kind, count] of other) both.set(kind, (both.get(kind) ?? 0) + count);
  return both;
}

let beforeTest: Census = new Map();
let beforeSuite: Census = new Map();

/**
 * Mocha's root hooks that fail a test which leaves something open, and a top-level suite which does so after its
 * `after` hooks. What a suite's `before` opened is not counted against its tests.
 */
export const leakHooks = {
  async beforeAll(this: Mocha.Context) {
    beforeSuite = await takeCensus();
    for (const suite of this.test?.parent?.suites ?? []) watchSuite(suite);
  },
  async beforeEach() {
    beforeTest = await takeCensus();
  },
  // A root hook runs after those of the test's own suites, so that what they close counts as closed.
  async afterEach(this: Mocha.Context) {
    const test = this.currentTest;
    if (test === undefined) return;
    // A test that failed half-way has reason to leave things open; its own fault is what counts.
    const left = test.state === "passed" ? await leftovers(beforeTest) : await surplus(beforeTest);
    if (left.size === 0) return;
    // The test answers for them, not its suite once more.
    beforeSuite = sum(beforeSuite, left);
    if (test.state === "passed") {
      failLate(test, supportErrors.LEAKED({ kinds: inWords(left), where: "the test" }));
    }
  },
} satisfies Mocha.RootHookObject;

function watchSuite(suite: Mocha.Suite): void {
  // Added last, it runs after the suite's own `after` hooks; a throw there fails this suite only.
  suite.afterAll("leaves nothing open", async () => {
    const left = await leftovers(beforeSuite);
    beforeSuite = await takeCensus();
    if (left.size > 0) {
      throw supportErrors.LEAKED({ kinds: inWords(left), where: `the suite "${suite.title}"` });
    }
  });
}
