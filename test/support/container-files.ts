import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { pack } from "tar-stream";

/** Puts a file into a container, and so into the volume that lies at its folder; the container need not run. */
export async function writeFileIn(
  container: Docker.Container,
  file: { readonly folder: string; readonly name: string },
  text: string,
): Promise<void> {
  const tar = pack();
  tar.entry({ name: file.name }, text);
  tar.finalize();
  await container.putArchive(await buffer(tar), { path: file.folder });
}

/** The text of one small file in a container; the container need not run. */
export async function readFileIn(container: Docker.Container, path: string): Promise<string> {
  const bytes = await buffer(await container.getArchive({ path }));
  // A header of 512 bytes, then the content (POSIX ustar).
  const size = Number.parseInt(bytes.toString("ascii", 124, 135), 8);
  return bytes.toString("utf8", 512, 512 + size);
}
