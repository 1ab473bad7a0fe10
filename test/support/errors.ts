import { defineErrors } from "@molecule/core";

/** Every fault that the test machinery itself can report. */
export const supportErrors = defineErrors({
  COMMAND_FAILED: (d: { command: string; outcome: string; output: string }) =>
    `${d.command} failed (${d.outcome}); its last output:\n${d.output}`,
  NEVER_HAPPENED: (d: { what: string; timeoutMs: number; last: string }) =>
    `${d.what}: not within ${d.timeoutMs} ms; last seen: ${d.last}`,
  PART_MISSING_IN_CI: (d: { part: string; reason: string }) =>
    `${d.part} is required when CI=true, and there is none: ${d.reason}`,
  ENGINE_DID_NOT_START: (d: { reason: string; log: string }) =>
    `the private dockerd did not start: ${d.reason}; the end of its log:\n${d.log}`,
  IMAGE_NOT_MADE: (d: { image: string; reason: string }) =>
    `the test image ${d.image} could not be made: ${d.reason}`,
  ENGINE_REFUSED: (d: { reason: string }) => `the engine says: ${d.reason}`,
  POSTGRES_DID_NOT_START: (d: { reason: string; log: string }) =>
    `the private Postgres did not start: ${d.reason}; the end of its log:\n${d.log}`,
  POSTGRES_NOT_OURS: (d: { action: string }) =>
    `${d.action} needs a private Postgres; this one was found by TEST_DATABASE_URL or DATABASE_URL_TEST. Ask for usePostgres(ctx, { own: true })`,
  REGISTRY_DID_NOT_START: (d: { reason: string; log: string }) =>
    `the private registry did not start: ${d.reason}; the end of its log:\n${d.log}`,
  HOST_NOT_BUILT: (d: { file: string }) => `${d.file} is not there: run npm run build first`,
  HOST_DID_NOT_START: (d: { reason: string; log: string }) =>
    `the host did not come up: ${d.reason}; the end of its output:\n${d.log}`,
  LEAKED: (d: { kinds: string; where: string }) =>
    `${d.where} left open: ${d.kinds}. Whoever opens a timer, socket, process or port closes it`,
  SECRETS_FOUND: (d: { searched: string; places: string; more: number }) =>
    `${d.searched}: FOUND. A secret must not come out; where the value is none, the test takes one that is used for nothing else:\n${d.places}${d.more === 0 ? "" : `\n… and ${d.more} more places`}`,
});
