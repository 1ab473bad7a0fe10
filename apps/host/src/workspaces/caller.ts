import { workspaceErrors } from "../errors/workspaces.js";

/** The holder of a workspace's token. */
export interface Caller {
  /** The provision that the token was issued for. */
  readonly attempt: number;
}

/**
 * Keeps an agent of an older attempt out, also when the workspace was restarted after its token was verified.
 * @throws ATTEMPT_SUPERSEDED
 */
export function assertCurrent(row: { readonly attempt: number }, caller: Caller | null): void {
  if (caller !== null && caller.attempt !== row.attempt) throw workspaceErrors.ATTEMPT_SUPERSEDED({});
}
