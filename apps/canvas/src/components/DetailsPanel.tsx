import { useEffect, useRef, useState } from "react";
import { workspaceTone } from "../state/status.js";
import { ConsoleTab } from "./ConsoleTab.js";
import { DeleteDialog } from "./DeleteDialog.js";
import { EnvironmentTab } from "./EnvironmentTab.js";
import { EventsTab } from "./EventsTab.js";
import { Icon } from "./icons.js";
import { LifecycleButtons } from "./LifecycleButtons.js";
import { OverviewTab } from "./OverviewTab.js";
import { SecretsTab } from "./SecretsTab.js";
import { StatusPill } from "./StatusPill.js";
import { Tabs, type Tab } from "./Tabs.js";
import { useSelected, useSession } from "./use-session.js";

type TabName = "overview" | "environment" | "secrets" | "console" | "events";

const TABS: readonly Tab<TabName>[] = [
  { name: "overview", label: "Overview" },
  { name: "environment", label: "Environment" },
  { name: "secrets", label: "Secrets" },
  { name: "console", label: "Console" },
  { name: "events", label: "Events" },
];

/** All that is known of the selected workspace. */
export function DetailsPanel({ id }: { readonly id: string }) {
  const session = useSession();
  const workspace = useSelected((state) => state.workspaces?.get(id));
  const [tab, setTab] = useState<TabName>("overview");
  const [isDeleting, setDeleting] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Who selected it by keyboard goes on here; a mouse leaves the focus where it is.
    if (document.activeElement?.matches(".react-flow__node:focus-visible") === true) title.current?.focus();
  }, []);
  const close = () => {
    session.select(null);
    document.querySelector<HTMLElement>(`.react-flow__node[data-id="${id}"]`)?.focus();
  };
  return (
    <aside
      className="panel"
      aria-label="Details of the workspace"
      onKeyDown={(event) => {
        if (event.key === "Escape" && !isDeleting) close();
      }}
    >
      <header className="panel-head">
        <div className="panel-title">
          <h2 ref={title} tabIndex={-1}>
            {workspace?.name ?? "New workspace"}
          </h2>
          {workspace !== undefined && (
            <StatusPill status={workspace.status} tone={workspaceTone(workspace.status)} />
          )}
        </div>
        <button
          type="button"
          className="icon-button"
          title="Delete"
          aria-label="Delete the workspace"
          disabled={workspace === undefined}
          onClick={() => {
            setDeleting(true);
          }}
        >
          <Icon name="trash" />
        </button>
        <button
          type="button"
          className="icon-button"
          title="Close"
          aria-label="Close the details"
          onClick={close}
        >
          <Icon name="close" />
        </button>
      </header>
      {workspace !== undefined && <LifecycleButtons workspace={workspace} />}
      {workspace !== undefined && (
        <Tabs label="Details" tabs={TABS} active={tab} onChange={setTab}>
          {tab === "overview" && <OverviewTab workspace={workspace} />}
          {tab === "environment" && <EnvironmentTab id={id} revision={workspace.revision} />}
          {tab === "secrets" && <SecretsTab id={id} />}
          {tab === "console" && <ConsoleTab id={id} />}
          {tab === "events" && <EventsTab id={id} revision={workspace.revision} />}
        </Tabs>
      )}
      {isDeleting && workspace !== undefined && (
        <DeleteDialog
          workspace={workspace}
          onClose={() => {
            setDeleting(false);
          }}
        />
      )}
    </aside>
  );
}
