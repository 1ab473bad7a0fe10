import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { drain } from "./docker-streams.js";
import type { Engine } from "./engine.js";

const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** Pushes small images to a registry, and takes them out of the engine again. */
export class PushedImages {
  readonly #docker: Docker;
  readonly #busybox: string;
  readonly #registryUrl: string;
  readonly #host: string;

  /** `host` is what names begin with: a registry, or a proxy in front of it. */
  constructor(engine: Engine, registry: { readonly url: string }, host: string) {
    this.#docker = engine.docker;
    this.#busybox = engine.busybox;
    this.#registryUrl = registry.url;
    this.#host = host;
  }

  /**
   * Builds and pushes an image with `content` in it; the engine does not keep it.
   * @param command what it runs; sleeps unless told
   * @returns the digest of its manifest
   */
  async push(name: string, content: string, command = ["sleep", "3600"]): Promise<string> {
    const image = `${new URL(this.#registryUrl).host}/${name}`;
    const context = pack();
    context.entry({ name: "content" }, content);
    context.entry(
      { name: "Dockerfile" },
      `FROM ${this.#busybox}\nCOPY content /content\nCMD ${JSON.stringify(command)}\n`,
    );
    context.finalize();
    await drain(await this.#docker.buildImage(Readable.from(context), { t: image, rm: true }));
    return await this.#push(name);
  }

  /**
   * Pushes an image that the engine has, which keeps it under its other names only.
   * @returns the digest of its manifest
   */
  async publish(imageId: string, name: string): Promise<string> {
    const [repository = "", tag = "latest"] = name.split(":");
    const repo = `${new URL(this.#registryUrl).host}/${repository}`;
    await this.#docker.getImage(imageId).tag({ repo, tag });
    return await this.#push(name);
  }

  /** The digest that the registry has under a name with its tag. */
  async digestOf(name: string): Promise<string> {
    const { headers } = await fetch(this.#manifestUrl(name), {
      method: "HEAD",
      headers: { Accept: `${MANIFEST}, ${OCI_INDEX}` },
    });
    return headers.get("docker-content-digest") ?? "none";
  }

  /** Lets a name with its tag stand for what another one stands for. */
  async retag(from: string, to: string): Promise<void> {
    const got = await fetch(this.#manifestUrl(from), { headers: { Accept: `${MANIFEST}, ${OCI_INDEX}` } });
    const type = got.headers.get("content-type") ?? MANIFEST;
    await this.#put(to, await got.text(), type);
  }

  /**
   * Puts an index under a name: this platform's image is the one of `digest`, another platform's is made up of `other`.
   * @returns its digest
   */
  async pushIndex(name: string, digest: string, other: string): Promise<string> {
    const repository = name.replace(/:.*$/, "");
    const own = await fetch(this.#manifestUrl(`${repository}@${digest}`), { headers: { Accept: MANIFEST } });
    const body = await own.text();
    const { Os, Arch } = await this.#docker.version();
    // A manifest of other bytes: the same image, spaced differently.
    const foreign = `${body}${" ".repeat(other.length + 1)}\n${" ".repeat(other.charCodeAt(0) % 64)}`;
    const foreignDigest = digestOfText(foreign);
    await this.#put(`${repository}@${foreignDigest}`, foreign, MANIFEST);
    const entry = (of: string, text: string, platform: object) => ({
      mediaType: MANIFEST,
      digest: of,
      size: Buffer.byteLength(text),
      platform,
    });
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        entry(digest, body, { os: Os, architecture: Arch }),
        entry(foreignDigest, foreign, { os: "plan9", architecture: "mips" }),
      ],
    });
    await this.#put(name, index, OCI_INDEX);
    return digestOfText(index);
  }

  /** Takes a name away upstream. */
  async unpush(name: string): Promise<void> {
    const repository = name.replace(/:.*$/, "");
    await fetch(this.#manifestUrl(`${repository}@${await this.digestOf(name)}`), { method: "DELETE" });
  }

  /** Takes whatever the engine has of a repository (behind the host that names begin with) out of it. */
  async removeLocal(repository: string): Promise<void> {
    for (const { RepoTags, RepoDigests } of await this.#docker.listImages()) {
      const names = [...(RepoTags ?? []), ...(RepoDigests ?? [])];
      for (const name of names.filter((each) => each.startsWith(`${this.#host}/${repository}`))) {
        // By its names: what another image was built from stays as long as that. The last tag takes digests along.
        await this.#docker.getImage(name).remove({ force: true }).catch(ignoreAbsent);
      }
    }
  }

  async #push(name: string): Promise<string> {
    const image = this.#docker.getImage(`${new URL(this.#registryUrl).host}/${name}`);
    await drain(await image.push({ authconfig: {} }));
    await image.remove({ force: true });
    return await this.digestOf(name);
  }

  #manifestUrl(name: string): string {
    const [repository = "", reference = "latest"] = name.includes("@") ? name.split("@") : name.split(":");
    return `${this.#registryUrl}/v2/${repository}/manifests/${reference}`;
  }

  async #put(name: string, body: string, type: string): Promise<void> {
    const put = await fetch(this.#manifestUrl(name), {
      method: "PUT",
      body,
      headers: { "Content-Type": type },
    });
    if (!put.ok) throw new Error(`the registry refused ${name}: ${put.status} ${await put.text()}`);
  }
}

function ignoreAbsent(error: unknown): void {
  if (typeof error !== "object" || error === null || !("statusCode" in error) || error.statusCode !== 404) {
    throw error;
  }
}

function digestOfText(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
