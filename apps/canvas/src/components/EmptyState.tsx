import { Command } from "./Command.js";
import { Icon } from "./icons.js";

/** What the canvas says while there is no workspace. */
export function EmptyState({ onCreate }: { readonly onCreate: () => void }) {
  const body = JSON.stringify({ name: "Hello", runtime: "demo", role: "pmm-lead" });
  const command = [
    `curl -s -X POST ${window.location.origin}/workspaces \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${body}'`,
  ].join("\n");
  return (
    <div className="empty">
      <h2>No workspaces yet</h2>
      <p>A workspace is one agent in a container. Create one here, or from a terminal:</p>
      <button type="button" className="button primary" onClick={onCreate}>
        <Icon name="plus" />
        Create a workspace
      </button>
      <Command text={command} />
    </div>
  );
}
