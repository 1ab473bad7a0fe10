import { httpErrors } from "../errors/http.js";

/** A UUID in its usual form (RFC 9562 §4); the `urn:` form is not one here: Postgres refuses it. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `value` as a workspace id in the form that the database has, or undefined when it is none. */
export function parseWorkspaceId(value: unknown): string | undefined {
  return typeof value === "string" && UUID.test(value) ? value.toLowerCase() : undefined;
}

/**
 * As {@link parseWorkspaceId}.
 * @throws INVALID_WORKSPACE_ID
 */
export function requireWorkspaceId(value: unknown): string {
  const id = parseWorkspaceId(value);
  if (id === undefined) throw httpErrors.INVALID_WORKSPACE_ID({});
  return id;
}
