import { useCallback, useLayoutEffect, useRef } from "react";
import { withoutColours } from "../state/format.js";
import { ResourceView } from "./ResourceView.js";
import { useResource } from "./use-resource.js";
import { useSession } from "./use-session.js";

/** The last lines that the workspace's process printed. */
export function ConsoleTab({ id }: { readonly id: string }) {
  const { client } = useSession();
  const load = useCallback((signal: AbortSignal) => client.console(id, signal), [client, id]);
  const resource = useResource(load);
  return (
    <ResourceView resource={resource} bar={<span className="quiet">Last lines, secrets masked</span>}>
      {(output) => <Output output={output} />}
    </ResourceView>
  );
}

function Output({ output }: { readonly output: string | null }) {
  const element = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    element.current?.scrollTo({ top: element.current.scrollHeight });
  }, [output]);
  if (output === null)
    return <p className="quiet">The container runtime of this workspace keeps no output.</p>;
  if (output.trim() === "") return <p className="quiet">Nothing was printed so far.</p>;
  return (
    <pre className="console" ref={element} tabIndex={0} aria-label="Output of the workspace">
      {withoutColours(output)}
    </pre>
  );
}
