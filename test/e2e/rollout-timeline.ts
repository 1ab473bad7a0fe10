import type { RolloutFleet } from "../support/rollout-fleet.js";

/** Who ran which image when, by the events: a line for each change, and a letter for each image. */
export async function rolloutTimeline(fleet: RolloutFleet): Promise<string> {
  const { rows } = await fleet.client.query<{
    seconds: number;
    type: string;
    workspace: string | null;
    digest: string | null;
    verdict: string | null;
  }>(
    `select extract(epoch from created_at - min(created_at) over ())::float8 as seconds, event_type as type,
       workspace_id as workspace, payload->>'digest' as digest, payload->>'verdict' as verdict
     from events
     where event_type in ('IMAGE_ROLLOUT_STARTED', 'IMAGE_ROLLOUT_FINISHED', 'IMAGE_QUARANTINED',
       'WORKSPACE_DRAINING', 'WORKSPACE_IMAGE_REPLACED', 'WORKSPACE_ROLLED_BACK')
     order by id`,
  );
  const ids = (await fleet.workspaces()).map(({ id }) => id);
  const letters = new Map<string, string>();
  const letter = (digest: string | null): string => {
    const key = digest ?? "";
    const next = letters.get(key) ?? String.fromCharCode("B".charCodeAt(0) + letters.size);
    letters.set(key, next);
    return next;
  };
  const runs = ids.map(() => "A");
  const former = ids.map(() => "A");
  const lines = rows.map(({ seconds, type, workspace, digest, verdict }) => {
    const image = letter(digest);
    const at = workspace === null ? -1 : ids.indexOf(workspace);
    if (at >= 0 && type === "WORKSPACE_DRAINING") {
      former[at] = runs[at] ?? "?";
      runs[at] = image.toLowerCase();
    }
    if (at >= 0 && type === "WORKSPACE_IMAGE_REPLACED") runs[at] = image;
    if (at >= 0 && type === "WORKSPACE_ROLLED_BACK") runs[at] = former[at] ?? "?";
    const what = `${type.replace(/^(WORKSPACE|IMAGE)_/, "").toLowerCase()} ${image}${verdict === null ? "" : `: ${verdict}`}`;
    return `${seconds.toFixed(1).padStart(7)} s  ${runs.join(" ")}  ${what}`;
  });
  return ["seconds    a column a workspace; small letter: on trial", ...lines].join("\n");
}
