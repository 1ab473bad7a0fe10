import { setTimeout as pause } from "node:timers/promises";
import { readFileIn, writeFileIn } from "../support/container-files.js";
import type { Engine } from "../support/engine.js";

/** Ms between two looks for workspaces that have no file yet. */
const LOOK_EVERY_MS = 500;
const FILE = "keepsake";

/** A file in the volume of every workspace, put there when it first runs: in the end it must be there still. */
export class Keepsakes {
  readonly #engine: Engine;
  readonly #given = new Set<string>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** How many workspaces were given one. */
  get given(): number {
    return this.#given.size;
  }

  /** Gives one to each workspace whose container runs. */
  async giveUntil(deadline: number): Promise<void> {
    while (performance.now() < deadline) {
      // The engine is killed now and then, and containers go at any time: what fails is done at another look.
      await this.#give().catch(() => undefined);
      await pause(LOOK_EVERY_MS);
    }
  }

  /**
   * Reads those of these workspaces back, whether or not they run.
   * @returns how many there were
   * @throws Error naming what is lost
   */
  async readBack(workspaceIds: readonly string[]): Promise<number> {
    const due = workspaceIds.filter((id) => this.#given.has(id));
    const lost: string[] = [];
    for (const id of due) {
      const found = await this.#read(id);
      if (found !== id) lost.push(`workspace ${id} has ${found} in place of its own file`);
    }
    if (lost.length > 0) throw new Error(lost.join("; "));
    return due.length;
  }

  async #give(): Promise<void> {
    const { docker } = this.#engine;
    const filters = { label: ["molecule.workspace.id"], status: ["running"] };
    for (const { Id, Labels } of await docker.listContainers({ filters })) {
      const id = Labels["molecule.workspace.id"];
      if (id === undefined || this.#given.has(id)) continue;
      await writeFileIn(docker.getContainer(Id), { folder: "/workspace", name: FILE }, id);
      this.#given.add(id);
    }
  }

  /** Through a container of its own that is never started: a paused workspace has none. */
  async #read(id: string): Promise<string> {
    const { docker, busybox, labels } = this.#engine;
    const volume = `ws-${id.slice(0, 12)}-workspace`;
    const there = (await docker.listVolumes()).Volumes.some(({ Name }) => Name === volume);
    // A container that asks for it would have it made anew.
    if (!there) return "no volume";
    const reader = await docker.createContainer({
      Image: busybox,
      Labels: labels,
      HostConfig: { Binds: [`${volume}:/kept:ro`], NetworkMode: "none" },
    });
    try {
      return await readFileIn(reader, `/kept/${FILE}`).catch((thrown: unknown) => String(thrown));
    } finally {
      await reader.remove({ force: true });
    }
  }
}
