import { ConnectionIndicator } from "./ConnectionIndicator.js";
import { Icon, type IconName } from "./icons.js";
import { ReadinessChip } from "./ReadinessChip.js";
import { useWorkspaces } from "./use-session.js";

/** What the page shows below its bar. */
export type View = "workspaces" | "system";

const VIEWS: readonly { readonly name: View; readonly label: string; readonly icon: IconName }[] = [
  { name: "workspaces", label: "Workspaces", icon: "graph" },
  { name: "system", label: "Plugins", icon: "plugin" },
];

/** The bar at the top: where one is, how the platform fares, and the way to a new workspace. */
export function TopBar(props: {
  readonly view: View;
  readonly onView: (view: View) => void;
  readonly onCreate: () => void;
}) {
  const { view, onView, onCreate } = props;
  const { size } = useWorkspaces();
  return (
    <header className="top-bar">
      <span className="brand">Molecule</span>
      <nav aria-label="Views">
        {VIEWS.map(({ name, label, icon }) => (
          <button
            key={name}
            type="button"
            className="nav-button"
            aria-current={name === view ? "page" : undefined}
            onClick={() => {
              onView(name);
            }}
          >
            <Icon name={icon} />
            {label}
            {name === "workspaces" && size > 0 && <span className="count">{size}</span>}
          </button>
        ))}
      </nav>
      <div className="top-bar-end">
        <ReadinessChip />
        <ConnectionIndicator />
        <button type="button" className="button primary" onClick={onCreate}>
          <Icon name="plus" />
          New workspace
        </button>
      </div>
    </header>
  );
}
