import { defineErrors } from "@molecule/core";

/** Errors of images and their registries. */
export const imageErrors = defineErrors({
  IMAGE_REFERENCE_INVALID: (d: { found: string }) =>
    `image reference: found ${JSON.stringify(d.found)}, allowed: [host[:port]/]name[:tag][@sha256:…] in lower case; correct workspace_templates[].image in manifest.json`,
  IMAGE_NOT_IN_REGISTRY: (d: { reference: string }) =>
    `the registry has no image ${d.reference}; workspaces stay as they are. Push it again, or correct workspace_templates[].image in manifest.json`,
  IMAGE_MANIFEST_UNUSABLE: (d: { reference: string; reason: string }) =>
    `the manifest of ${d.reference} can't be used: ${d.reason}; push the image again`,
  IMAGE_PLATFORM_MISSING: (d: { reference: string; platform: string; found: readonly string[] }) =>
    `the image ${d.reference} is not made for ${d.platform}, only for ${d.found.join(", ") || "none"}; push one that is`,
  IMAGE_DIGEST_DIFFERS: (d: { reference: string; asked: string; found: readonly string[] }) =>
    `the engine has pulled another image than ${d.reference} with the digest ${d.asked}: it has ${d.found.join(", ") || "none"}; no workspace is touched, the next check tries again`,
  IMAGE_NOT_PULLED: (d: { reference: string; digest: string; reason: string }) =>
    `the image ${d.reference} (${d.digest}) could not be pulled: ${d.reason}; no workspace is touched. Check the engine's disk, the registry and its credentials; the next check tries again`,
  IMAGE_QUARANTINED: (d: { reference: string; digest: string }) =>
    `the image ${d.reference} (${d.digest}) is quarantined since it failed in a workspace; push a repaired one, or lift the quarantine`,
  IMAGE_ROLLOUT_ENDED: (d: { reference: string; verdict: string; reason: string }) =>
    `the rollout of ${d.reference} is ${d.verdict}: ${d.reason}`,
  IMAGE_NOT_FROM_REGISTRY: (d: { runtime: string }) =>
    `the image of the template "${d.runtime}" comes from no registry: it is built here or has none; run molecule images build ${d.runtime}`,
  IMAGE_RUNTIME_UNKNOWN: (d: { runtime: string; known_runtimes: readonly string[] }) =>
    `unknown runtime: ${d.runtime}`,
  IMAGES_NOT_AVAILABLE: (_: object) =>
    "workspace images are those of the docker container runtime, which this installation does not use",
  IMAGE_CONTAINERS_NOT_LISTED: (d: { reason: string; partial_result: object }) =>
    `container list: ${d.reason}`,

  REGISTRY_UNREACHABLE: (d: { host: string; reason: string }) =>
    `the image registry ${d.host} can't be asked: ${d.reason}; check the network and the registry, the next check tries again`,
  REGISTRY_RATE_LIMITED: (d: { host: string; seconds: number }) =>
    `the image registry ${d.host} wants to be left alone for ${d.seconds} s more (HTTP 429); later checks ask it again`,
  REGISTRY_REFUSED: (d: { reference: string; status: number; reason: string }) =>
    `the registry refused the manifest of ${d.reference} (HTTP ${d.status}): ${d.reason}`,
  REGISTRY_ACCESS_DENIED: (d: { reference: string; reason: string }) =>
    `the registry gives no access to ${d.reference}: ${d.reason}; set GHCR_USER and GHCR_TOKEN for ghcr.io, or log the host's user in with docker login`,
  REGISTRY_CREDENTIALS_UNREADABLE: (d: { path: string; reason: string }) =>
    `the registry credentials in ${d.path} can't be read: ${d.reason}; repair the file, or log in again with docker login`,
});
