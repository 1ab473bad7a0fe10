/** What people see in place of the full id: `ws-<first 12 of id>`; nothing is decided by it. */
export function workspaceObjectName(workspaceId: string): string {
  return `ws-${workspaceId.slice(0, 12)}`;
}
