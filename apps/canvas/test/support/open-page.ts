import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** Ms within which the page shows what it is to show; a busy machine's brings a workspace online in this time. */
export const DEADLINE_MS = 60_000;

/** A page of the canvas, and what went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** What the page threw, and what its Content-Security-Policy kept from happening. */
  readonly faults: readonly string[];
  readonly close: () => Promise<void>;
}

/** Opens the canvas in a fresh profile. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(DEADLINE_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (/Content.Security.Policy|React|Warning/i.test(message.text())) faults.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    faults,
    close: async () => {
      await context.close();
    },
  };
}
