import { parseArgs } from "node:util";
import { endEverything } from "../support/lifetime.js";
import { Soak } from "./soak.js";

const USAGE = `usage: npm run soak [-- [--minutes <n>] [--seed <n>]]

Creates, deletes, restarts, pauses and resumes workspaces at random while the engine and the host are both killed once
a minute; then sees whether engine and database agree, and whether every workspace still has what was written into it.

  --minutes <n>   how long; 20 unless told
  --seed <n>      chooses the same again; the summary names it`;

process.exitCode = await main();

/** @returns the exit code: 0 when engine and database agree, 1 when not, 2 when called wrongly */
async function main(): Promise<number> {
  const options = read();
  if (options === "help") {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (options === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  try {
    const { agrees, summary } = await new Soak(options, (line) => process.stderr.write(`${line}\n`)).run();
    process.stdout.write(`${summary}\n`);
    return agrees ? 0 : 1;
  } finally {
    await endEverything();
  }
}

function read(): { minutes: number; seed: number } | "help" | undefined {
  try {
    const { values } = parseArgs({
      options: { minutes: { type: "string" }, seed: { type: "string" }, help: { type: "boolean" } },
    });
    if (values.help === true) return "help";
    const minutes = Number(values.minutes ?? 20);
    const seed = Number(values.seed ?? Date.now() % 1_000_000);
    return minutes > 0 && Number.isInteger(seed) ? { minutes, seed } : undefined;
  } catch {
    return undefined;
  }
}
