import type { SecretMasker } from "@molecule/core";

/** Takes texts without their secrets. */
export type Masking = Pick<SecretMasker, "mask">;

/** A record of plain JSON data without any secret, in its values and its keys; the record itself where there is none. */
export function maskRecord(
  masker: Masking,
  record: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  // The text as a whole tells whether there is anything to mask, which is rare. It is not what is kept: a mask may
  // reach over the end of a text in it, and leave no JSON.
  const text = JSON.stringify(record);
  return masker.mask(text) === text ? record : maskedEntries(masker, record);
}

/** As {@link maskRecord}, for any plain JSON data. */
export function maskData(masker: Masking, data: unknown): unknown {
  if (typeof data === "string") return masker.mask(data);
  if (Array.isArray(data)) return data.map((each: unknown) => maskData(masker, each));
  return typeof data === "object" && data !== null ? maskedEntries(masker, data) : data;
}

function maskedEntries(masker: Masking, data: object): Readonly<Record<string, unknown>> {
  const masked: [string, unknown][] = [];
  for (const [key, value] of Object.entries<unknown>({ ...data })) {
    masked.push([masker.mask(key), maskData(masker, value)]);
  }
  return Object.fromEntries(masked);
}
