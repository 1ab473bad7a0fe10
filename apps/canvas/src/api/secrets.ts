import { Fields } from "./fields.js";

/** A secret by its name; its value stays with the platform. */
export interface SecretInfo {
  readonly key: string;
  /** `workspace`, or `global` for one of all workspaces. */
  readonly scope: string;
}

/** @throws ApiError `malformed` */
export function readSecretInfo(value: unknown, what: string): SecretInfo {
  const fields = new Fields(value, what);
  return { key: fields.string("key"), scope: fields.string("scope") };
}
