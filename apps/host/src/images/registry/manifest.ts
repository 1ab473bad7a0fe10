import { compileSchema, Type } from "@molecule/core";
import { imageErrors } from "../../errors/images.js";

/** What machines an image is made for. */
export interface Platform {
  readonly os: string;
  /** As Go names it: `amd64`, `arm64`, `arm`. */
  readonly architecture: string;
}

/** Manifests of one image and indices of several, of OCI and of Docker. */
export const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

const Index = Type.Object({
  manifests: Type.Array(
    Type.Object({
      digest: Type.String(),
      platform: Type.Optional(
        Type.Object({
          os: Type.String(),
          architecture: Type.String(),
          variant: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
});
const checkIndex = compileSchema(Index);

/** Whether a manifest stands for several platforms. */
export function isIndex(manifest: unknown): boolean {
  return typeof manifest === "object" && manifest !== null && "manifests" in manifest;
}

/**
 * The digest of the image for `platform` in an index; of several variants all of them, as one text: which one the
 * engine takes depends on its machine, and a change of any is a change.
 * @throws IMAGE_MANIFEST_UNUSABLE, IMAGE_PLATFORM_MISSING
 */
export function platformDigestIn(index: unknown, platform: Platform, reference: string): string {
  const checked = checkIndex(index);
  if (!checked.ok) {
    const reason = `${checked.faults.map(({ path }) => path).join(", ")}: not as the OCI image spec says`;
    throw imageErrors.IMAGE_MANIFEST_UNUSABLE({ reference, reason });
  }
  const { manifests } = checked.value;
  const fitting = manifests.filter(
    (each) => each.platform?.os === platform.os && each.platform.architecture === platform.architecture,
  );
  if (fitting.length > 0) return fitting.map(({ digest }) => digest).join(" ");
  throw imageErrors.IMAGE_PLATFORM_MISSING({
    reference,
    platform: `${platform.os}/${platform.architecture}`,
    found: manifests.flatMap(({ platform: each }) =>
      each === undefined ? [] : [`${each.os}/${each.architecture}`],
    ),
  });
}
