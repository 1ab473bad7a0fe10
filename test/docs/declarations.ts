import { readFile } from "node:fs/promises";
import ts from "typescript";
import { inRepository } from "./markdown.js";

/** A source file of the repository, parsed. */
export async function parseSource(path: string): Promise<ts.SourceFile> {
  const text = await readFile(inRepository(path), "utf8");
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
}

/** What a file exports from other modules: names by module. */
export async function reexports(path: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const statement of (await parseSource(path)).statements) {
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined) continue;
    if (statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) continue;
    if (!ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const names = statement.exportClause.elements.map((element) => element.name.text);
    const module = statement.moduleSpecifier.text;
    found.set(module, [...(found.get(module) ?? []), ...names]);
  }
  return found;
}

/** The names of an interface's members. */
export async function membersOf(path: string, name: string): Promise<string[]> {
  const declaration = (await parseSource(path)).statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  if (declaration === undefined) throw new Error(`${path} declares no interface ${name}`);
  return declaration.members.flatMap((member) =>
    member.name !== undefined && ts.isIdentifier(member.name) ? [member.name.text] : [],
  );
}
