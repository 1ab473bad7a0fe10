/** The page of all coded errors. */
export const ERRORS_PAGE = "docs/errors.md";

/** A code as the page documents it. */
export interface DocumentedError {
  readonly code: string;
  /** The file of the heading that it stands under. */
  readonly file: string;
  readonly text: string;
  /** When it comes, and what to do. */
  readonly explanation: string;
}

const ENTRY =
  /^### `(?<code>\w+)`\n+```text\n(?<text>.*?)\n```\n+(?<explanation>.*?)(?=\n#{2,3} |$(?![\s\S]))/gms;

/** Reads the page: under a heading with the file in backquotes, per code its text and its explanation. */
export function readErrorsPage(page: string): DocumentedError[] {
  return page.split(/^(?=## )/m).flatMap((section) => {
    const file = /^## .*`([^`\n]+)`$/m.exec(section)?.[1] ?? "";
    return [...section.matchAll(ENTRY)].map(({ groups = {} }) => ({
      code: groups.code ?? "",
      file,
      text: groups.text ?? "",
      explanation: (groups.explanation ?? "").trim(),
    }));
  });
}

/** The page with each code's text as it is defined; explanations stay as they are. */
export function withTexts(page: string, texts: ReadonlyMap<string, string>): string {
  return page.replace(
    /(^### `(\w+)`\n+```text\n).*?(\n```$)/gms,
    (whole: string, head: string, code: string, tail: string) => {
      const text = texts.get(code);
      return text === undefined ? whole : head + text + tail;
    },
  );
}
