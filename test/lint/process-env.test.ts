import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { expect } from "chai";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const RULES = ["no-restricted-properties", "no-restricted-imports"];

describe("the lint rule on process.env", () => {
  const eslint = new ESLint({ cwd: REPOSITORY });

  /** The findings of the rule in a text that stands in the place of a file. */
  async function findings(file: string, text: string): Promise<string[]> {
    const [result] = await eslint.lintText(text, { filePath: join(REPOSITORY, file) });
    return (result?.messages ?? []).map(({ ruleId }) => ruleId ?? "").filter((rule) => RULES.includes(rule));
  }

  const WAYS = [
    "export const port = process.env.PORT;",
    'export const port = process["env"].PORT;',
    "const { env } = process;\nexport const port = env.PORT;",
    'import { env } from "node:process";\nexport const port = env.PORT;',
    'import p from "node:process";\nexport const port = p.env.PORT;',
    'import * as p from "node:process";\nexport const port = p.env.PORT;',
    "export const port = globalThis.process.env.PORT;",
    "const { process: p } = globalThis;\nexport const port = p.env.PORT;",
  ];

  for (const file of ["core/src/kernel.ts", "plugins/dotenv/src/task.ts", "apps/host/src/host.ts"]) {
    it(`finds every way to read it in ${file}`, async function () {
      this.timeout(240_000);
      for (const text of WAYS) expect(await findings(file, text), text).to.have.length(1);
    });
  }

  it("leaves the programs alone, which take it in", async function () {
    this.timeout(240_000);
    for (const file of ["apps/host/src/cli/main.ts", "apps/demo-agent/src/main.ts"]) {
      expect(await findings(file, WAYS[0] ?? "")).to.deep.equal([]);
    }
  });
});
