import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempDir } from "../support/temp.js";
import { inOrder, type Benchmark } from "./harness.js";

const PLUGINS = 100;
const PROGRAM = fileURLToPath(new URL("./boot-program.js", import.meta.url));

/** Loading 100 plugins against importing the same 100 modules, each in a process of its own. */
export const bootBenchmarks: readonly Benchmark[] = [
  {
    name: "boot-100-plugins",
    compares: `boot of ${PLUGINS} no-op plugins; importing the same modules`,
    unit: "ms",
    bar: { kind: "at-most", ratio: 2 },
    rounds: 9,
    prepare: async () => {
      const manifest = await writePlugins();
      const round = (flipped: boolean) =>
        inOrder(
          flipped,
          () => measure("boot", manifest),
          () => measure("import", manifest),
        );
      return { round, close: () => Promise.resolve() };
    },
  },
];

/** Writes the plugins and a manifest that lists them; answers the manifest's path. */
async function writePlugins(): Promise<string> {
  const dir = await tempDir("plugins-");
  const names = Array.from({ length: PLUGINS }, (_, index) => `plugin-${index}`);
  for (const name of names) {
    const folder = join(dir, name);
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0", type: "module" }));
    await writeFile(
      join(folder, "index.js"),
      `export default { $$type: "@molecule/plugin", name: "${name}", api: 1, stage: "main", setup() {} };\n`,
    );
  }
  const plugins = names.map((name) => ({ name, module: `./${name}/index.js` }));
  const manifest = join(dir, "manifest.json");
  await writeFile(manifest, JSON.stringify({ version: 1, plugins, workspace_templates: [] }));
  return manifest;
}

/** Ms that a fresh process takes for it, without its own start. */
async function measure(what: "boot" | "import", manifest: string): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, what, manifest], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString("utf8");
  });
  await once(child, "close");
  const ms = Number(printed);
  if (!Number.isFinite(ms) || ms <= 0) throw new Error(`${what} printed ${JSON.stringify(printed)}`);
  return ms;
}
