/** Runtimes that a host usually has; the API offers no list of them yet, and names them when one is unknown. */
const USUAL = ["demo", "claude-code", "langgraph", "hermes", "external"] as const;

/** Runtimes to offer for a new workspace: the usual ones, and those that present workspaces have. */
export function runtimeSuggestions(workspaces: Iterable<{ readonly runtime: string }>): string[] {
  const names = new Set<string>(USUAL);
  for (const { runtime } of workspaces) if (runtime !== "") names.add(runtime);
  return [...names];
}
