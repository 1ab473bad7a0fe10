import { lazy, Suspense, useCallback, useState } from "react";
import type { Session } from "../state/session.js";
import { DetailsPanel } from "./DetailsPanel.js";
import { EmptyState } from "./EmptyState.js";
import { ErrorBoundary } from "./ErrorBoundary.js";
import { NewWorkspaceDialog } from "./NewWorkspaceDialog.js";
import { SystemView } from "./SystemView.js";
import { TokenDialog } from "./TokenDialog.js";
import { TopBar, type View } from "./TopBar.js";
import { SessionContext, useSelected } from "./use-session.js";

// Two fifths of the page's code; the plugins, an empty canvas and the token's dialog show without it.
const Graph = lazy(() => import("./Graph.js").then(({ Graph: component }) => ({ default: component })));

/** The whole page. */
export function App({ session }: { readonly session: Session }) {
  return (
    <SessionContext value={session}>
      <ErrorBoundary>
        <Page />
      </ErrorBoundary>
    </SessionContext>
  );
}

function Page() {
  const [view, setView] = useState<View>("workspaces");
  const [isCreating, setCreating] = useState(false);
  const access = useSelected((state) => state.access);
  const create = useCallback(() => {
    setCreating(true);
  }, []);
  if (access === "needed" || access === "refused") return <TokenDialog isRefused={access === "refused"} />;
  return (
    <div className="page">
      <TopBar view={view} onView={setView} onCreate={create} />
      {view === "workspaces" ? <WorkspacesView onCreate={create} /> : <SystemView />}
      {isCreating && (
        <NewWorkspaceDialog
          onClose={() => {
            setCreating(false);
          }}
        />
      )}
    </div>
  );
}

function WorkspacesView({ onCreate }: { readonly onCreate: () => void }) {
  const count = useSelected((state) => state.workspaces?.size);
  const problem = useSelected((state) => state.problem);
  const isPlaced = useSelected((state) => state.viewport !== null);
  const selectedId = useSelected((state) => state.selectedId);
  return (
    <main className="workspaces">
      <h1 className="visually-hidden">Workspaces</h1>
      <section className="canvas" aria-label="Graph of the workspaces">
        {count === undefined && (
          <p className="canvas-note" role="status">
            {problem ?? "Reading the workspaces…"}
          </p>
        )}
        {count === 0 && <EmptyState onCreate={onCreate} />}
        {count !== undefined && count > 0 && isPlaced && (
          <Suspense>
            <Graph />
          </Suspense>
        )}
      </section>
      {selectedId !== null && <DetailsPanel key={selectedId} id={selectedId} />}
    </main>
  );
}
