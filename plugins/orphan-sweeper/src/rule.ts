import type { EngineContainer, EngineVolume, OwnerRow } from "@molecule/core";

/** Ms that an object without a row is left alone: its row may be on its way. */
export const GRACE_MS = 10 * 60_000;

/** An object of the engine. */
export type EngineObject = EngineContainer | EngineVolume;

/**
 * What proves that an object is nobody's any more. The last two are suspicions until the object is old enough and two
 * passes agree, and a fuse bounds how much is removed for them at once.
 */
export type Proof = "removed" | "superseded" | "no-row" | "newer-attempt";

/** What the rule says of one object. */
export type Judgement =
  /** It belongs to a workspace that lives. */
  | { readonly kind: "owned" }
  /** Never touched: whose it is can't be told, or it is somebody else's. */
  | { readonly kind: "unproven"; readonly reason: string }
  | { readonly kind: "proven"; readonly proof: Proof; readonly reason: string }
  | { readonly kind: "suspect"; readonly proof: Proof; readonly reason: string };

/** What is known when objects are judged: all read after they were listed. */
export interface Evidence {
  readonly rows: ReadonlyMap<string, OwnerRow | "undecodable">;
  /** Which attempts of a workspace have a container in the same listing. */
  readonly attemptsOf: (workspaceId: string) => ReadonlySet<number>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a label can be a workspace's id, and asked for in the database. */
export function isWorkspaceId(text: string | null): text is string {
  return text !== null && UUID.test(text);
}

/** Judges one object by the reaping rule; design.md §4. */
export function judge(object: EngineObject, { rows, attemptsOf }: Evidence): Judgement {
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
  return object.kind === "volume" ? { kind: "owned" } : judgeAttempt(object, row, attemptsOf(workspaceId));
}

function judgeAttempt(
  { attempt }: EngineContainer,
  row: OwnerRow,
  listedAttempts: ReadonlySet<number>,
): Judgement {
  if (attempt === null) return unproven("its label does not say which attempt it is");
  if (attempt === row.attempt || row.rolloutAttempts.includes(attempt)) return { kind: "owned" };
  const against = `it is of attempt ${attempt}, its workspace is at attempt ${row.attempt}`;
  if (attempt < row.attempt) {
    return { kind: "proven", proof: "superseded", reason: `${against}, and no rollout owns it` };
  }
  // After a backup was restored, a live container is newer than its row. What is left of a rollout that was undone is
  // newer as well, but then the container that the row means is there too.
  return listedAttempts.has(row.attempt)
    ? { kind: "suspect", proof: "newer-attempt", reason: `${against}, whose own container is there` }
    : unproven(`${against}, whose own container is not there: the row may be an old one`);
}

function unproven(reason: string): Judgement {
  return { kind: "unproven", reason };
}
