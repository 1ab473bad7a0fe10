import type { WorkspaceImages } from "@molecule/core";
import { imageErrors } from "../errors/images.js";

/** Where no container engine runs workspaces, there are no images to keep up to date. */
export const noImages: WorkspaceImages = {
  watched: () => [],
  check: () => Promise.reject(imageErrors.IMAGES_NOT_AVAILABLE({})),
  removeOld: () => Promise.resolve([]),
};
