import { useCallback, useEffect } from "react";
import { LoopsTable } from "./LoopsTable.js";
import { PluginsTable } from "./PluginsTable.js";
import { ResourceView } from "./ResourceView.js";
import { StatusPill } from "./StatusPill.js";
import { useResource } from "./use-resource.js";
import { useSession } from "./use-session.js";
import { stateTone } from "../state/status.js";

/** How often the view is read anew, in ms. */
const EVERY_MS = 10_000;

/** What the host runs: its plugins, their background loops, and what its readiness checks found. */
export function SystemView() {
  const { client } = useSession();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [plugins, loops, readiness] = await Promise.all([
        client.plugins(signal),
        client.loops(signal),
        client.readiness(signal),
      ]);
      return { plugins, loops, readiness };
    },
    [client],
  );
  const resource = useResource(load);
  const { reload } = resource;
  useEffect(() => {
    const timer = setInterval(reload, EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [reload]);
  return (
    <main className="system">
      <ResourceView resource={resource} bar={<h1>Plugins</h1>}>
        {({ plugins, loops, readiness }) => (
          <>
            <PluginsTable plugins={plugins} />
            <h2>Background loops</h2>
            <LoopsTable loops={loops} />
            <h2>Readiness</h2>
            <ul className="checks">
              {readiness.checks.map((check) => (
                <li key={check.name}>
                  <span className="checks-name">{check.name}</span>
                  <StatusPill status={check.status} tone={stateTone(check.status)} />
                  <span className="quiet">{check.detail}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </ResourceView>
    </main>
  );
}
