import type { EngineContainer, EngineVolume, OwnerRow } from "@molecule/core";

/** Ms that an object without a row is left alone: its row may be on its way. */
export const GRACE_MS = 10 * 60_000;

/** An object of the engine. */
export type EngineObject = EngineContainer | EngineVolume;

/**
 * What proves that an object is nobody's any more. The last is a suspicion until the object is old enough and two
 * passes agree, and a fuse bounds how much is removed for it at once.
 */
export type Proof = "removed" | "superseded" | "no-row";

/** What the rule says of one object. */
export type Judgement =
  /** It belongs to a workspace that lives. */
  | { readonly kind: "owned" }
  /** Never touched: whose it is can't be told, or it is somebody else's. */
  | { readonly kind: "unproven"; readonly reason: string }
  | { readonly kind: "proven"; readonly proof: Proof; readonly reason: string }
  | { readonly kind: "suspect"; readonly proof: Proof; readonly reason: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a label can be a workspace's id, and asked for in the database. */
export function isWorkspaceId(text: string | null): text is string {
  return text !== null && UUID.test(text);
}

/**
 * Judges one object by the reaping rule; design.md §4.
 * @param rows read after the object was listed; of any that were read before, only "owned" is to be believed
 */
export function judge(object: EngineObject, rows: ReadonlyMap<string, OwnerRow | "undecodable">): Judgement {
  const { owner, workspaceId } = object;
  if (owner === "foreign") return unproven("it carries the labels of another installation");
  if (owner === "unlabelled") return unproven("it does not carry the labels of this platform");
  if (!isWorkspaceId(workspaceId)) return unproven("its label names no workspace");
  const row = rows.get(workspaceId);
  if (row === "undecodable") return unproven("the row of its workspace can't be made sense of");
  if (row === undefined) {
    return { kind: "suspect", proof: "no-row", reason: "no workspace of this installation has its id" };
  }
  if (row.removed) return { kind: "proven", proof: "removed", reason: "its workspace is removed" };
  // A workspace keeps its volumes from attempt to attempt.
  return object.kind === "volume" ? { kind: "owned" } : judgeAttempt(object, row);
}

function judgeAttempt({ attempt }: EngineContainer, row: OwnerRow): Judgement {
  if (attempt === null) return unproven("its label does not say which attempt it is");
  if (attempt === row.attempt || row.rolloutAttempts.includes(attempt)) return { kind: "owned" };
  // After a restored backup a live container is newer than all that its row knows of. One that is newer than the row's
  // attempt, but was given by this very row, is what a rollout that was undone has left.
  if (attempt > row.lastAttempt) {
    return unproven(
      `it is of attempt ${attempt}, its row knows of none after ${row.lastAttempt}: the row may be from an old backup`,
    );
  }
  return {
    kind: "proven",
    proof: "superseded",
    reason: `it is of attempt ${attempt}, its workspace is at attempt ${row.attempt}, and no rollout owns it`,
  };
}

function unproven(reason: string): Judgement {
  return { kind: "unproven", reason };
}
