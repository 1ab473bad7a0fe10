/** Where the engine publishes a container's port; api.md §8. */
const PUBLISHED_URL = /^http:\/\/127\.0\.0\.1:\d+$/;

/** Whether the platform's own engine has published this address, provided that the workspace is not external. */
export function isPublishedUrl(url: string): boolean {
  return PUBLISHED_URL.test(url);
}
