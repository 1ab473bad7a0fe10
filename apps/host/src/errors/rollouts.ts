import { defineErrors } from "@molecule/core";

/** Errors of rollouts of images. */
export const rolloutErrors = defineErrors({
  IMAGE_IN_QUARANTINE: (d: { image: string; digest: string; reason: string }) =>
    `the image ${d.image} (${d.digest}) is in quarantine and no better one is known here: ${d.reason} — push a better image, or lift the quarantine with: molecule images quarantine lift ${d.digest}`,
  DIGEST_NOT_QUARANTINED: (d: { digest: string }) =>
    `no image ${JSON.stringify(d.digest)} is in quarantine; GET /admin/workspace-images lists those that are`,
  AGENT_NOT_REGISTERED: (d: { seconds: number }) =>
    `its agent neither registered nor sent a heartbeat within ${d.seconds} s`,
  CONTAINER_ENDED: (d: { exitCode: number | null }) =>
    `its container ended${d.exitCode === null ? ", and the engine has started it again" : ` with exit code ${d.exitCode}`}`,
  CONTAINER_GONE: () => "its container was removed by somebody else",
  CONTAINER_UNKNOWN: (d: { reason: string }) => `nothing is known of its container: ${d.reason}`,
  ROLLBACK_FAILED: (d: { oldAttempt: number; newAttempt: number; error: string; reason: string }) =>
    `the new image failed (${d.error}) and the container of attempt ${d.oldAttempt}, which was kept, could not be started again: ${d.reason} — both containers (attempts ${d.oldAttempt} and ${d.newAttempt}) and all volumes are kept; repair what stands in the way, then restart the workspace`,
  ROLLOUTS_NOT_AVAILABLE: (d: { kind: string }) =>
    `the container runtime "${d.kind}" can't roll images out: it can't keep a container to go back to; use docker`,
});
