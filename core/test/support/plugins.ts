import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  Kernel,
  parseManifest,
  SecretMasker,
  type Clock,
  type LogFields,
  type Manifest,
  type PluginStatus,
} from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";

/** A folder for one test, with what the test writes into it. */
export class Folder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), "molecule-core-")));
  }

  async write(path: string, content: string): Promise<string> {
    const file = join(this.path, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** Where the fixtures that import core find it; as a third party's copy would, they need nothing else of it. */
export const CORE_URL = import.meta.resolve("@molecule/core");

/**
 * A plugin's module that does not import core: all that a host may rely on is the shape.
 * @param body of `setup(ctx)`; `probe` in it is what the test provides as its probe
 */
export function pluginSource(name: string, body: string, extra = ""): string {
  return `
const PROBE = Symbol.for("test/probe");
export default {
  $$type: "@molecule/plugin", name: ${JSON.stringify(name)}, api: 1, stage: "main",
  ${extra}
  async setup(ctx) {
    const probe = ctx.resolve(PROBE);
    ${body}
  },
};`;
}

/** Which fixtures a {@link PluginBench} runs, by name; each value is made of the manifest entry and the source. */
export interface Fixture {
  readonly source?: string;
  readonly entry?: Readonly<Record<string, unknown>>;
}

/** What the fixtures tell the test, and get from it. */
class Probe {
  readonly calls: string[] = [];
  readonly contexts = new Map<string, unknown>();
  readonly #gates = new Map<string, () => void>();

  note(text: string): void {
    this.calls.push(text);
  }

  keep(name: string, context: unknown): void {
    this.contexts.set(name, context);
  }

  /** Resolves when the test opens the gate of that name. */
  wait(name: string): Promise<void> {
    return new Promise((resolve) => {
      this.#gates.set(name, resolve);
    });
  }

  open(name: string): void {
    this.#gates.get(name)?.();
  }
}

/** A kernel over fixtures in a folder of its own. */
export class PluginBench {
  readonly clock: ManualClock;
  readonly log = new RecordingLogger();
  readonly masker = new SecretMasker();
  readonly probe = new Probe();
  readonly manifest: Manifest;
  readonly kernel: Kernel;
  readonly #folder: Folder;

  private constructor(folder: Folder, manifest: Manifest, env: Record<string, string | undefined>) {
    this.#folder = folder;
    this.clock = new ManualClock();
    this.manifest = manifest;
    this.kernel = new Kernel({
      manifest,
      env,
      clock: this.clock,
      log: this.log,
      masker: this.masker,
      random: () => 0.5,
    });
    this.kernel.provide(Symbol.for("test/probe"), this.probe);
  }

  static async make(
    fixtures: Readonly<Record<string, Fixture>>,
    env: Record<string, string | undefined> = {},
  ): Promise<PluginBench> {
    const folder = await Folder.make();
    for (const [name, { source }] of Object.entries(fixtures)) {
      if (source !== undefined) await folder.write(`${name}.mjs`, source);
    }
    const plugins = Object.entries(fixtures).map(([name, { entry }]) => ({
      name,
      module: `./${name}.mjs`,
      ...entry,
    }));
    const manifest = JSON.stringify({ version: 1, plugins, workspace_templates: [] });
    return new PluginBench(folder, parseManifest(manifest, join(folder.path, "manifest.json")), env);
  }

  status(name: string): PluginStatus {
    const found = this.kernel.plugins.status().find((status) => status.name === name);
    if (found === undefined) throw new Error(`the manifest has no plugin ${name}`);
    return found;
  }

  /** Each plugin's state, in effective order. */
  states(): string[] {
    return this.kernel.plugins.status().map(({ name, state }) => `${name} ${state}`);
  }

  errors(): { message: string; fields: LogFields }[] {
    return this.log.lines
      .filter(({ level }) => level === "error")
      .map(({ message, fields }) => ({ message, fields }));
  }

  /** Lets the kernel stop, however long its plugins take, and removes the fixtures. */
  async end(): Promise<void> {
    await advanceUntil(this.clock, this.kernel.stop());
    await this.#folder.remove();
  }
}

/** Lets the clock run until `work` has ended. */
export async function advanceUntil<T>(
  clock: Clock & { advance(ms: number): Promise<void> },
  work: Promise<T>,
): Promise<T> {
  const state = { isOver: false };
  const over = () => {
    state.isOver = true;
  };
  work.then(over, over);
  for (let seconds = 0; !state.isOver && seconds < 300; seconds += 1) await clock.advance(1_000);
  return work;
}
