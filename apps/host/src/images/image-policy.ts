import { rolloutErrors } from "../errors/rollouts.js";

/** What somebody wants for the image of one workspace; absent fields stay as they are. */
export interface ImagePolicy {
  /** Rollouts leave the workspace alone; its next start takes the template's image all the same. */
  readonly image_opt_out?: boolean;
  /** `sha256:…` of the template's repository; null: whatever the template says. */
  readonly image_pin?: string | null;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads the fields `image_opt_out` and `image_pin` of PATCH /workspaces/:id; each is a column of the same name. They
 * say what a next start or rollout does, and touch no container.
 * @throws INVALID_IMAGE_POLICY with every fault
 */
export function parseImagePolicy(body: Readonly<Record<string, unknown>>): ImagePolicy {
  const { image_opt_out: optOut, image_pin: pin } = body;
  const problems: string[] = [];
  const policy: { image_opt_out?: boolean; image_pin?: string | null } = {};
  if (typeof optOut === "boolean") policy.image_opt_out = optOut;
  else if (optOut !== undefined) problems.push("image_opt_out must be true or false");
  if (pin === null || (typeof pin === "string" && DIGEST.test(pin))) policy.image_pin = pin;
  else if (pin !== undefined) problems.push("image_pin must be sha256:<64 hex digits>, or null for none");
  if (problems.length > 0) throw rolloutErrors.INVALID_IMAGE_POLICY({ problems });
  return policy;
}
