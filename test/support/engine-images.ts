import { createReadStream } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { pack, type Pack } from "tar-stream";
import { findProgram, run, tryRun } from "./commands.js";
import { drain } from "./docker-streams.js";
import { supportErrors } from "./errors.js";

/** What glibc loads by name when it looks up users and hosts, so that no list of libraries shows it. */
const NAME_SERVICE_LIBRARIES = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/**
 * Makes a tiny image with busybox and its applets under /bin, from this machine's busybox; nothing is pulled.
 *
 * @throws IMAGE_NOT_MADE when busybox is not installed, ENGINE_REFUSED by the engine's word.
 */
export async function makeBusyboxImage(docker: Docker, image: string): Promise<void> {
  await importImage(docker, image, ['CMD ["sh"]', "ENV PATH=/bin"], (tar) => addBusybox(tar, image));
}

/**
 * Makes a base with `node` on the PATH and nothing else, no shell: from the node that runs the tests, with the
 * libraries it needs and, where there are any, the machine's certificates.
 *
 * @throws ENGINE_REFUSED by the engine's word.
 */
export async function makeNodeBaseImage(docker: Docker, image: string): Promise<void> {
  await importImage(docker, image, ["ENV PATH=/usr/local/bin"], async (tar) => {
    await addPrograms(tar, new Map([["usr/local/bin/node", process.execPath]]));
    const certificates = "/etc/ssl/certs/ca-certificates.crt";
    if (await exists(certificates)) await addFile(tar, certificates, certificates.slice(1), 0o644);
    tar.entry({ name: "etc/nsswitch.conf" }, "passwd: files\ngroup: files\nhosts: files dns\n");
  });
}

/**
 * Makes an image with what an agent's has, bash, curl, gh, git, and busybox for the rest, from this machine's programs.
 * Its container waits, and ends when it is told to.
 *
 * @throws IMAGE_NOT_MADE when one of them is not installed, ENGINE_REFUSED by the engine's word.
 */
export async function makeGithubToolsImage(docker: Docker, image: string): Promise<void> {
  // As process 1 a shell ignores SIGTERM unless it says otherwise.
  const waiting = `CMD ["sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait"]`;
  const changes = [waiting, "ENV PATH=/usr/bin:/bin", "ENV HOME=/root"];
  await importImage(docker, image, changes, async (tar) => {
    await addBusybox(tar, image);
    tar.entry({ name: "usr/bin/env", type: "symlink", linkname: "/bin/busybox" });
    tar.entry({ name: "etc/nsswitch.conf" }, "passwd: files\ngroup: files\nhosts: files dns\n");
    const transport = join((await run("git", ["--exec-path"])).trim(), "git-remote-https");
    const programs = new Map([[transport.slice(1), transport]]);
    for (const name of ["bash", "curl", "gh", "git"]) {
      programs.set(`usr/bin/${name}`, await needed(name, image));
    }
    await addPrograms(tar, programs);
  });
}

async function importImage(
  docker: Docker,
  image: string,
  changes: readonly string[],
  fill: (tar: Pack) => Promise<void>,
): Promise<void> {
  const tar = pack();
  const filled = (async () => {
    tar.entry({ name: "tmp", type: "directory", mode: 0o1777 });
    tar.entry({ name: "root", type: "directory", mode: 0o700 });
    tar.entry(
      { name: "etc/passwd" },
      "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    );
    tar.entry({ name: "etc/group" }, "root:x:0:\nnogroup:x:65534:\n");
    await fill(tar);
    tar.finalize();
  })();
  const [repo, tag] = image.split(":");
  const [stream] = await Promise.all([
    docker.importImage(Readable.from(tar), { repo, tag, changes }),
    filled,
  ]);
  await drain(stream);
}

async function needed(program: string, image: string): Promise<string> {
  const found = await findProgram(program);
  if (found !== undefined) return found;
  throw supportErrors.IMAGE_NOT_MADE({ image, reason: `${program} is not installed` });
}

async function addBusybox(tar: Pack, image: string): Promise<void> {
  const busybox = await needed("busybox", image);
  const applets = (await run(busybox, ["--list"])).split("\n").filter((name) => name !== "");
  await addPrograms(tar, new Map([["bin/busybox", busybox]]));
  for (const name of applets) {
    if (name !== "busybox") tar.entry({ name: `bin/${name}`, type: "symlink", linkname: "busybox" });
  }
}

/** Adds programs, by their names in the image, and each of their libraries once: the engine refuses a name twice. */
async function addPrograms(tar: Pack, programs: ReadonlyMap<string, string>): Promise<void> {
  const libraries = new Set<string>();
  for (const [name, program] of programs) {
    await addFile(tar, program, name, 0o755);
    for (const library of await librariesOf(program)) libraries.add(library);
  }
  for (const library of libraries) await addFile(tar, library, library.slice(1), 0o755);
}

async function addFile(tar: Pack, from: string, name: string, mode: number): Promise<void> {
  const file = await realpath(from);
  const { size } = await stat(file);
  await pipeline(createReadStream(file), tar.entry({ name, mode, size }));
}

/** The shared libraries that a program loads, the loader among them; none for a static one. */
async function librariesOf(program: string): Promise<string[]> {
  // ldd fails for a static program, which is an answer too.
  const { stdout } = await tryRun("ldd", [program]);
  const libraries = new Set<string>();
  for (const line of stdout.split("\n")) {
    const path = /(?:=>\s*|^\s*)(\/\S+)\s+\(0x/.exec(line)?.[1];
    if (path !== undefined) libraries.add(path);
  }
  for (const libc of [...libraries].filter((path) => path.includes("/libc.so"))) {
    for (const name of NAME_SERVICE_LIBRARIES) {
      const path = join(dirname(libc), name);
      if (await exists(path)) libraries.add(path);
    }
  }
  return [...libraries];
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
