/** Length of a workspace id's head in the badge. */
const SHORT_ID_LENGTH = 8;

/**
 * A role as it is shown: without control characters, line separators and outer blanks, the first letter of each
 * part between hyphens in upper case. The rest stays: `pmm-lead` gives `Pmm-Lead`, `PMM-Lead` stays. Empty when
 * nothing is left.
 */
export function displayRole(role: string): string {
  return role
    .replace(/[\p{Cc}\u2028\u2029]/gu, "")
    .trim()
    .split("-")
    .map((part) => part.replace(/^./u, (letter) => letter.toUpperCase()))
    .join("-");
}

/** The line that an agent's publications begin with. */
export function badgeOf(role: string, workspaceId: string): string {
  return `🤖 [Agent: ${role} · ws-${workspaceId.slice(0, SHORT_ID_LENGTH)}]`;
}
