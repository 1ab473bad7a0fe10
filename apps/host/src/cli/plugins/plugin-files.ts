import type { PluginFacts } from "./plugin-package.js";
import { gitignoreText, npmrcText, packageText, tsconfigText } from "./plugin-package.js";

/** Every file of a new plugin's package, by its path in it. */
export function pluginFiles(facts: PluginFacts): Record<string, string> {
  return {
    "package.json": packageText(facts),
    ".npmrc": npmrcText,
    ".gitignore": gitignoreText,
    "tsconfig.json": tsconfigText,
    "src/index.ts": sourceText(facts),
    "test/index.test.ts": testText(facts),
    "README.md": readmeText(facts),
  };
}

/** What the names of a plugin's variables start with: `acme-vault` → `ACME_VAULT`. */
export function variablePrefix(name: string): string {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  return /^\d/.test(prefix) ? `P_${prefix}` : prefix;
}

function sourceText({ name }: PluginFacts): string {
  return `import { definePlugin, Type } from "@molecule/core";

export default definePlugin({
  name: "${name}",
  api: 1,
  config: Type.Object(
    { greeting: Type.String({ default: "hello", minLength: 1 }) },
    { additionalProperties: false },
  ),
  setup(ctx) {
    ctx.envMutators.add({
      name: "${name}",
      mutate(env, workspace) {
        env.set("${variablePrefix(name)}_GREETING", \`\${ctx.config.greeting}, \${workspace.name}\`);
      },
    });
  },
});
`;
}

function testText({ name }: PluginFacts): string {
  return `import { strict as assert } from "node:assert";
import { checkConformance, describeConformance } from "@molecule/core/testing";
import plugin from "../src/index.js";

describeConformance(plugin, {
  config: { greeting: "good day" },
  reads: [],
  writes: ["${variablePrefix(name)}_*"],
  orderIndependent: true,
  module: new URL("../src/index.js", import.meta.url),
});

describe("the config", () => {
  it("takes no empty greeting", async () => {
    const [loads] = await checkConformance(plugin, { config: { greeting: "" } });
    assert.equal(loads?.kind, "failed");
  });
});
`;
}

function readmeText({ name }: PluginFacts): string {
  const prefix = variablePrefix(name);
  return `# molecule-plugin-${name}

Sets \`${prefix}_GREETING\` in every workspace.

\`\`\`json
{
  "name": "${name}",
  "module": "molecule-plugin-${name}",
  "config": { "greeting": "hello" },
  "env": { "reads": [], "writes": ["${prefix}_*"] }
}
\`\`\`

| config     | default | meaning                                   |
| ---------- | ------- | ----------------------------------------- |
| \`greeting\` | \`hello\` | what stands before the workspace's name |

\`npm install && npm test\` builds it and runs its tests, with the conformance suite of \`@molecule/core/testing\`.
\`npm pack\` makes the tarball that a host's folder installs.
`;
}
