import { labelsMatch, type Labels } from "./filters.js";
import { Refusal } from "./refusal.js";

interface Volume {
  readonly name: string;
  readonly labels: Labels;
  readonly createdMs: number;
  readonly files: Map<string, string>;
}

/** Volumes in memory that live, and refuse, as those of a real engine. */
export class MemoryVolumes {
  readonly #all = new Map<string, Volume>();
  readonly #now: () => number;
  /** Whether a container mounts it; told once the containers are there. */
  isMounted: (name: string) => boolean = () => false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Of a name that is there already it answers the volume that is there, old labels and all. */
  create(name: string, labels: Labels) {
    const volume = this.#all.get(name) ?? { name, labels, createdMs: this.#now(), files: new Map() };
    this.#all.set(name, volume);
    return describe(volume);
  }

  inspect(name: string) {
    return describe(this.#find(name));
  }

  list(filter: readonly string[]) {
    return [...this.#all.values()].filter((each) => labelsMatch(each.labels, filter)).map(describe);
  }

  remove(name: string): void {
    this.#find(name);
    if (this.isMounted(name)) throw new Refusal(409, `remove ${name}: volume is in use`);
    this.#all.delete(name);
  }

  /** By their paths inside the volume, which begin with a slash. */
  files(name: string): Map<string, string> {
    return this.#find(name).files;
  }

  #find(name: string): Volume {
    const found = this.#all.get(name);
    if (found === undefined) throw new Refusal(404, `get ${name}: no such volume`);
    return found;
  }
}

function describe({ name, labels, createdMs }: Volume) {
  return {
    Name: name,
    Driver: "local",
    Mountpoint: `/memory/${name}`,
    Scope: "local",
    Labels: Object.keys(labels).length === 0 ? null : labels,
    CreatedAt: new Date(createdMs).toISOString(),
  };
}
