import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import { readFileIn, writeFileIn } from "./container-files.js";

/** Where a workspace of tier 2 has its volumes; api.md §8. */
const FOLDERS = ["/configs", "/workspace"] as const;
const NAME = "mark";

/** Puts a text that is nowhere else into each volume of a workspace: by its name alone, one made anew is the same. */
export async function markVolumes(container: Docker.Container): Promise<string[]> {
  for (const folder of FOLDERS) await writeFileIn(container, { folder, name: NAME }, randomUUID());
  return await readMarks(container);
}

/** What {@link markVolumes} has put there; the container may be another one by now. */
export async function readMarks(container: Docker.Container): Promise<string[]> {
  return await Promise.all(FOLDERS.map((folder) => readFileIn(container, `${folder}/${NAME}`)));
}
