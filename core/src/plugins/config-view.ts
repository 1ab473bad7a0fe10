import { MASK } from "../masking/secret-masker.js";

/** Names under which secrets stand. What a file or a variable is named, by which a secret is found, is none. */
const SECRET_NAME = /(secret|token|password|passphrase|credential|private_?key|api_?key|access_?key)s?$/i;

/**
 * A plugin's config for an operator to see: what stands under the name of a secret is masked, and so are known
 * secrets elsewhere.
 */
export function maskConfig(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map((each) => maskConfig(each, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      SECRET_NAME.test(name) && each !== null && each !== "" ? MASK : maskConfig(each, mask),
    ]),
  );
}
