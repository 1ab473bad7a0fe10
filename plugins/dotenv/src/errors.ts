import { defineErrors } from "@molecule/core";

/** Every coded error of this plugin. */
export const errors = defineErrors({
  DOTENV_UNREADABLE: (d: { path: string; reason: string }) =>
    `${d.path} can't be read: ${d.reason}; make it a file that the host's user can read, or remove it`,
  DOTENV_TOO_LARGE: (d: { path: string; maxBytes: number }) =>
    `${d.path} is larger than ${d.maxBytes} bytes, nothing of it is used; keep only KEY=VALUE lines in it`,
});
