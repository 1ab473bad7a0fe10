import { imageErrors } from "../../errors/images.js";

/** A reference to an image, taken apart; Docker's defaults are filled in. */
export interface ImageReference {
  /** Host and port as written, `docker.io` for Docker Hub. */
  readonly registry: string;
  /** E.g. `library/debian`, `acme/x`. */
  readonly repository: string;
  /** Null only where there is a digest. */
  readonly tag: string | null;
  /** `sha256:…` where the reference is pinned. */
  readonly digest: string | null;
}

const HUB = "docker.io";
/** Where Docker Hub's registry answers; `docker.io` itself is a web site. */
const HUB_API = "registry-1.docker.io";

/** The grammar of distribution's `reference` package. */
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const REST = new RegExp(
  `^(?<repository>${COMPONENT}(?:/${COMPONENT})*)(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$`,
);
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

/**
 * Takes a reference apart. Its first part is a host when it has a dot or a port or is `localhost`; else the image is
 * Docker Hub's.
 * @throws IMAGE_REFERENCE_INVALID
 */
export function parseReference(text: string): ImageReference {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const hasHost = /[.:]/.test(first) || first === "localhost";
  const host = hasHost ? first : HUB;
  const { repository, tag, digest } = REST.exec(hasHost ? text.slice(slash + 1) : text)?.groups ?? {};
  if (repository === undefined || !HOST.test(host))
    throw imageErrors.IMAGE_REFERENCE_INVALID({ found: text });
  const registry = host === "index.docker.io" || host === HUB_API ? HUB : host;
  return {
    registry,
    repository: registry === HUB && !repository.includes("/") ? `library/${repository}` : repository,
    tag: tag ?? (digest === undefined ? "latest" : null),
    digest: digest ?? null,
  };
}

/** Host, port and repository: what an image is pulled from. */
export function repositoryOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

/** The registry's API; plain HTTP on this very machine only, as the engine does. */
export function registryOrigin(registry: string): string {
  if (registry === HUB) return `https://${HUB_API}`;
  return `${isLoopback(registry) ? "http" : "https"}://${registry}`;
}

/** Whether a host, with or without its port, is this machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}
