import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import dockerignore from "@balena/dockerignore";
import { pack, type Pack } from "tar-stream";

const IGNORE_FILE = ".dockerignore";
const MODE_BITS = 0o7777;

/**
 * A folder as the tar that the engine's builder takes, without what its `.dockerignore` names; that file and the
 * Dockerfile always go along, as with Docker's own client. Destroy the stream to end it early.
 * @throws when the folder can't be listed; later faults are errors of the stream
 */
export async function packContext(context: string, dockerfile: string): Promise<Readable> {
  const names = await contextNames(context, dockerfile);
  const tar = pack();
  addAll(tar, context, names).then(
    () => {
      tar.finalize();
    },
    (error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return Readable.from(tar);
}

async function contextNames(context: string, dockerfile: string): Promise<string[]> {
  const entries = await readdir(context, { recursive: true, withFileTypes: true });
  const names = entries.map((entry) => relative(context, join(entry.parentPath, entry.name)));
  const rules = await readFile(join(context, IGNORE_FILE), "utf8").catch(() => "");
  // The package is CommonJS whose types say otherwise: its factory is found under this name by both.
  const kept = dockerignore.default({ ignorecase: false }).add(rules.split(/\r?\n/)).createFilter();
  return names.filter((name) => kept(name) || name === IGNORE_FILE || name === dockerfile).sort();
}

async function addAll(tar: Pack, context: string, names: readonly string[]): Promise<void> {
  for (const name of names) await add(tar, context, name);
}

async function add(tar: Pack, context: string, relativePath: string): Promise<void> {
  const path = join(context, relativePath);
  const name = relativePath.split(sep).join("/");
  const found = await lstat(path);
  const header = { name, mode: found.mode & MODE_BITS, mtime: found.mtime };
  if (found.isSymbolicLink()) {
    tar.entry({ ...header, type: "symlink", linkname: await readlink(path) });
  } else if (found.isDirectory()) {
    tar.entry({ ...header, type: "directory" });
  } else if (found.isFile()) {
    await pipeline(createReadStream(path), tar.entry({ ...header, size: found.size }));
  }
}
