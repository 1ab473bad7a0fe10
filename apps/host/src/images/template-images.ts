import type { WorkspaceTemplate } from "@molecule/core";
import { parseReference, type ImageReference } from "./registry/reference.js";

/** Where a template's image comes from: a registry, a fixed digest of one, or a build on this machine. */
export type ImageSource = "registry" | "pinned" | "built";

/** The image of a workspace template. */
export interface TemplateImage {
  /** The template's name. */
  readonly runtime: string;
  /** As in the manifest. */
  readonly reference: string;
  readonly parsed: ImageReference;
  readonly source: ImageSource;
}

/**
 * The images of the templates that have one.
 * @throws IMAGE_REFERENCE_INVALID
 */
export function templateImages(templates: readonly WorkspaceTemplate[]): TemplateImage[] {
  return templates.flatMap(({ name, image, build }) => {
    if (image === undefined) return [];
    const parsed = parseReference(image);
    const source = build !== undefined ? "built" : parsed.digest !== null ? "pinned" : "registry";
    return [{ runtime: name, reference: image, parsed, source }];
  });
}
