import { findProgram } from "@molecule/test/support/commands.js";
import { findOrInstall } from "@molecule/test/support/debian.js";
import { skipFor } from "@molecule/test/support/skip.js";
import { chromium, type Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable"];

/** Without these it looks up its maker's servers at every start. */
const QUIET = [
  "--no-first-run",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a Chromium of the machine, headless and with a profile of its own; skips where there is none. */
export async function startBrowser(ctx: Mocha.Context): Promise<Browser> {
  const executablePath = await findOrInstall(find, ["chromium"]);
  if (executablePath === undefined) skipFor(ctx, "Chromium", `none of ${NAMES.join(", ")} is on the PATH`);
  const isRoot = process.getuid?.() === 0;
  // Chromium refuses to run as root inside its own sandbox.
  const args = [...QUIET, ...(isRoot ? ["--no-sandbox"] : [])];
  return await chromium.launch({ executablePath, args });
}

async function find(): Promise<string | undefined> {
  for (const name of NAMES) {
    const path = await findProgram(name);
    if (path !== undefined) return path;
  }
  return undefined;
}
