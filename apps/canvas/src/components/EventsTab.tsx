import { useCallback } from "react";
import { formatClock, formatPayload, formatTime } from "../state/format.js";
import { ResourceView } from "./ResourceView.js";
import { useResource } from "./use-resource.js";
import { useSession } from "./use-session.js";

/** What happened to the workspace, newest first. */
export function EventsTab({ id, revision }: { readonly id: string; readonly revision: number }) {
  const { client } = useSession();
  const load = useCallback((signal: AbortSignal) => client.events(id, signal), [client, id]);
  // Every stored event counts the revision up.
  const resource = useResource(load, revision);
  return (
    <ResourceView resource={resource} bar={<span className="quiet">The newest 100, live</span>}>
      {(events) => (
        <ol className="events">
          {events.map((event) => (
            <li key={event.id}>
              <time dateTime={event.createdAt} title={formatTime(event.createdAt)}>
                {formatClock(event.createdAt)}
              </time>
              <div>
                <span className="event-type">{event.type}</span>
                <p className="event-payload">{formatPayload(event.payload)}</p>
              </div>
            </li>
          ))}
        </ol>
      )}
    </ResourceView>
  );
}
