/** What a new plugin's files are made from. */
export interface PluginFacts {
  /** As in a manifest: lower case, digits and hyphens. */
  readonly name: string;
  /** Path of the folder of `@molecule/core`, relative to the plugin's, with `/`. */
  readonly core: string;
}

/** What a plugin is built and tested with; the versions that this repository itself uses. */
export const TOOL_VERSIONS = {
  "@types/mocha": "10.0.10",
  "@types/node": "20.19.43",
  mocha: "12.0.3",
  typescript: "6.0.3",
} as const;

/** package.json of a new plugin. */
export function packageText({ name, core }: PluginFacts): string {
  const content = {
    name: `molecule-plugin-${name}`,
    version: "0.1.0",
    private: true,
    description: `The plugin ${name} of a Molecule host`,
    type: "module",
    exports: "./dist/src/index.js",
    files: ["dist/src"],
    scripts: {
      build: "tsc",
      test: "tsc && mocha 'dist/test/**/*.test.js'",
      prepack: "tsc",
    },
    peerDependencies: { "@molecule/core": "^0.1.0" },
    devDependencies: { "@molecule/core": `file:${core}`, ...TOOL_VERSIONS },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** .npmrc of a new plugin: `@molecule/core` is copied in, as from a registry, rather than linked. */
export const npmrcText = "install-links=true\n";

/** .gitignore of a new plugin. */
export const gitignoreText = "node_modules/\ndist/\n*.tgz\n";

/** tsconfig.json of a new plugin. */
export const tsconfigText = `${JSON.stringify(
  {
    compilerOptions: {
      target: "ES2023",
      module: "NodeNext",
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
      types: ["node", "mocha"],
      rootDir: ".",
      outDir: "dist",
      declaration: true,
      sourceMap: true,
    },
    include: ["src", "test"],
  },
  null,
  2,
)}\n`;
