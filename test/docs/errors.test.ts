import { readFile, writeFile } from "node:fs/promises";
import { expect } from "chai";
import { definedErrors, type DefinedError } from "./error-texts.js";
import { ERRORS_PAGE, readErrorsPage, withTexts, type DocumentedError } from "./errors-page.js";
import { inRepository } from "./markdown.js";

describe("docs/errors.md", () => {
  let page: string;
  let documented: readonly DocumentedError[];
  let defined: readonly DefinedError[];
  let texts: ReadonlyMap<string, string>;

  before(async () => {
    const path = inRepository(ERRORS_PAGE);
    page = await readFile(path, "utf8");
    defined = await definedErrors();
    texts = new Map(defined.map(({ code, text }) => [code, text]));
    if (process.env.UPDATE_DOCS === "1") {
      page = withTexts(page, texts);
      await writeFile(path, page);
    }
    documented = readErrorsPage(page);
  });

  it("has every code that a package defines, under the file that defines it, and no other", () => {
    const places = (errors: readonly { code: string; file: string }[]) =>
      errors.map(({ code, file }) => `${file}: ${code}`).sort();
    expect(places(documented)).to.deep.equal(places(defined));
  });

  it("knows each code once, in capitals", () => {
    const codes = defined.map(({ code }) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).to.deep.equal([]);
    for (const code of codes) expect(code).to.match(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
  });

  it("has every text as it is defined; UPDATE_DOCS=1 npm test -- test/docs brings it up to date", () => {
    expect(documented.map(({ code, text }) => ({ code, text }))).to.deep.equal(
      documented.map(({ code }) => ({ code, text: texts.get(code) })),
    );
    expect(withTexts(page, texts)).to.equal(page);
  });

  it("says of each when it comes and what to do", () => {
    for (const { code, explanation } of documented) {
      expect(explanation.split(/\s+/).length, code).to.be.at.least(5);
    }
  });

  it("has every heading of level 3 as a code with its text", () => {
    const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).to.deep.equal(documented.map(({ code }) => `\`${code}\``));
  });
});
