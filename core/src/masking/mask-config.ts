import { isSecretField } from "./secret-field.js";
import { MASK } from "./secret-masker.js";

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
      isSecretField(name) && each !== null && each !== "" ? MASK : maskConfig(each, mask),
    ]),
  );
}
