import { readdir } from "node:fs/promises";
import ts from "typescript";
import { parseSource } from "./declarations.js";
import { inRepository } from "./markdown.js";

/** A coded error as its package defines it. */
export interface DefinedError {
  readonly code: string;
  /** The file that defines it, from the repository's root. */
  readonly file: string;
  /** Its text, with `<name>` for a fact, `[s]` for what may be missing and `{a | b}` for one of two. */
  readonly text: string;
}

/** Every coded error of core, its test kit, the plugins and the apps. */
export async function definedErrors(): Promise<DefinedError[]> {
  const found: DefinedError[] = [];
  for (const file of await errorFiles()) found.push(...errorsOf(await parseSource(file), file));
  return found;
}

/** The files that define errors: `errors.ts` of a package, and all of a folder `errors`. */
async function errorFiles(): Promise<string[]> {
  const files: string[] = [];
  for (const root of ["core/src", "core/testing", "plugins", "apps"]) {
    const names = await readdir(inRepository(root), { recursive: true });
    const isErrors = /(^|\/)(errors|errors\/[^/]+)\.ts$/;
    const isForeign = /(^|\/)(node_modules|dist|dist-test|test)\//;
    files.push(
      ...names
        .filter((name) => isErrors.test(name) && !isForeign.test(name))
        .map((name) => `${root}/${name}`),
    );
  }
  return files.sort();
}

function errorsOf(source: ts.SourceFile, file: string): DefinedError[] {
  const found: DefinedError[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === "defineErrors") {
      const [texts] = node.arguments;
      if (texts !== undefined && ts.isObjectLiteralExpression(texts)) found.push(...textsOf(texts, file));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function textsOf(texts: ts.ObjectLiteralExpression, file: string): DefinedError[] {
  return texts.properties.filter(ts.isPropertyAssignment).map(({ name, initializer }) => {
    if (!ts.isArrowFunction(initializer) || ts.isBlock(initializer.body)) {
      throw new Error(`${file}: ${name.getText()} is no arrow function that gives a text`);
    }
    return { code: name.getText(), file, text: skeleton(initializer.body) };
  });
}

/** What a text looks like, whatever its facts are. */
function skeleton(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.map((span) => skeleton(span.expression) + span.literal.text);
    return node.head.text + spans.join("");
  }
  if (ts.isParenthesizedExpression(node)) return skeleton(node.expression);
  if (ts.isConditionalExpression(node))
    return alternatives(skeleton(node.whenTrue), skeleton(node.whenFalse));
  if (ts.isPropertyAccessExpression(node) && node.name.text === "length") return "<n>";
  return `<${factOf(node) ?? "…"}>`;
}

function alternatives(one: string, other: string): string {
  if (one === "" || other === "") return `[${one}${other}]`;
  return `{${one} | ${other}}`;
}

/** The first fact that an expression is made of: `d.known.join(", ")` of `known`. */
function factOf(node: ts.Node): string | undefined {
  if (
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === "d"
  ) {
    return node.name.text;
  }
  return ts.forEachChild(node, factOf);
}
