import { randomBytes } from "node:crypto";
import type { MemoryImage } from "./containers.js";
import { noSuchImage, Refusal } from "./refusal.js";

/** Images in memory, by name and by id, that are named, and refuse to go, as those of a real engine. */
export class MemoryImages {
  readonly #byId = new Map<string, MemoryImage>();
  readonly #idByName = new Map<string, string>();
  /** Whether a container was made from the image; told once the containers are there. */
  isUsed: (id: string) => boolean = () => false;

  /** @returns its id */
  add(reference: string, image: Omit<MemoryImage, "id">): string {
    const id = `sha256:${randomBytes(32).toString("hex")}`;
    this.#byId.set(id, { ...image, id });
    this.#idByName.set(withTag(reference), id);
    return id;
  }

  find(reference: string): MemoryImage | undefined {
    return this.#byId.get(this.#idByName.get(withTag(reference)) ?? reference);
  }

  inspect(reference: string) {
    const { id, env } = this.#get(reference);
    return { Id: id, RepoTags: this.#names(id), RepoDigests: [], Config: { Env: env, User: "" } };
  }

  /** Gives the image one more name, which may have been another's. */
  tag(reference: string, name: string): void {
    this.#idByName.set(withTag(name), this.#get(reference).id);
  }

  /** Takes a name from an image, or the image where it was the last one or the id is given. */
  remove(reference: string): { Untagged?: string; Deleted?: string }[] {
    const { id } = this.#get(reference);
    const names = this.#names(id);
    const isId = reference === id;
    if (isId && names.length > 1) {
      throw new Refusal(
        409,
        `unable to delete ${id} (must be forced) - image is referenced in multiple repositories`,
      );
    }
    const isLast = isId || names.length === 1;
    if (isLast && this.isUsed(id)) {
      throw new Refusal(409, `unable to remove ${reference} (must force) - a container is using its image`);
    }
    const gone = isId ? names : [withTag(reference)];
    for (const name of gone) this.#idByName.delete(name);
    if (isLast) this.#byId.delete(id);
    return [...gone.map((Untagged) => ({ Untagged })), ...(isLast ? [{ Deleted: id }] : [])];
  }

  #get(reference: string): MemoryImage {
    const found = this.find(reference);
    if (found === undefined) throw noSuchImage(reference);
    return found;
  }

  #names(id: string): string[] {
    return [...this.#idByName].filter(([, named]) => named === id).map(([name]) => name);
  }
}

function withTag(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1).includes(":") ? reference : `${reference}:latest`;
}
