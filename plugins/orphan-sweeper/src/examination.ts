import type {
  EngineInventory,
  OrphanFinding,
  OrphanReport,
  OwnerReading,
  OwnerRecords,
  RuntimeCall,
  SweepFuse,
} from "@molecule/core";
import { decideFuse, fuseLimit, type FuseDecision } from "./fuse.js";
import { GRACE_MS, isWorkspaceId, judge, type EngineObject, type Judgement, type Proof } from "./rule.js";

/** The ports that an examination asks. */
export interface Sources {
  readonly inventory: EngineInventory;
  readonly records: OwnerRecords;
}

/** An object that is no live workspace's, with what is to become of it. */
export interface Finding extends OrphanFinding {
  /** Null where nothing was proven. */
  readonly proof: Proof | null;
}

/** What the engine holds, judged. */
export interface Examination {
  readonly unknown: string | null;
  readonly findings: readonly Finding[];
  /** All objects of this installation, by workspace. */
  readonly byWorkspace: ReadonlyMap<string, readonly EngineObject[]>;
  /** Keys of the objects that are suspect: the next pass has to agree. */
  readonly suspects: ReadonlySet<string>;
  readonly fuse: FuseDecision;
  readonly fuseLimit: number;
  readonly foreign: number;
  readonly unlabelled: number;
}

/** Tells objects apart; a volume and a container could have the same id. */
export function keyOf({ kind, id }: EngineObject): string {
  return `${kind} ${id}`;
}

/** What earlier looks have shown. */
export interface Experience {
  /** Keys of what was suspect in the last pass. */
  readonly agreed: ReadonlySet<string>;
  /** False while the ages can't be trusted, since a clock was set. */
  readonly agesHold: boolean;
}

/**
 * Lists what the engine holds, reads the rows, and judges; changes nothing. Two calls of the engine and one query, by
 * the volumes' labels; a second query where that does not show everything to be a live workspace's, and one call more
 * where something is suspect.
 */
export async function examine(
  { inventory, records }: Sources,
  experience: Experience,
  call: RuntimeCall,
): Promise<Examination> {
  const listed = await list({ inventory, records }, call);
  if (listed.state === "unknown") return nothingKnown(listed.reason);
  const { objects, early } = listed;
  const byWorkspace = groupByWorkspace(objects.filter(({ owner }) => owner === "ours"));
  const { judged, fuse } = await judgeAll(objects, early, records);
  const isSuspect = judged.some(({ judgement }) => judgement.kind === "suspect");
  const now = isSuspect ? await inventory.now(call) : 0;
  const aged = judged.map(({ object, judgement }) => ({
    object,
    judgement,
    waits: judgement.kind === "suspect" ? reasonToWait(object, now, experience) : null,
  }));
  const decision = decide(aged, byWorkspace.size, fuse);
  return {
    unknown: null,
    findings: aged.flatMap((each) => finding(each, decision)),
    byWorkspace,
    suspects: new Set(
      judged.filter(({ judgement }) => judgement.kind === "suspect").map(({ object }) => keyOf(object)),
    ),
    fuse: decision,
    fuseLimit: fuseLimit(byWorkspace.size),
    foreign: objects.filter(({ owner }) => owner === "foreign").length,
    unlabelled: objects.filter(({ owner }) => owner === "unlabelled").length,
  };
}

type Listed =
  | {
      readonly state: "known";
      readonly objects: readonly EngineObject[];
      /** Of the volumes' workspaces, read after the volumes were listed, and maybe before the containers were. */
      readonly early: OwnerReading;
    }
  | { readonly state: "unknown"; readonly reason: string };

async function list(sources: Sources, call: RuntimeCall): Promise<Listed> {
  const containersListing = sources.inventory.listContainers(call);
  // Containers take the engine several times as long to list as volumes: rows are read meanwhile.
  const volumesReading = readByVolumes(sources, call);
  // Whatever becomes of either: no pass leaves a call behind.
  await Promise.allSettled([containersListing, volumesReading]);
  const containers = await containersListing;
  const volumes = await volumesReading;
  if (containers.state === "unknown") return containers;
  if (volumes.state === "unknown") return volumes;
  return { ...volumes, objects: [...containers.objects, ...volumes.objects] };
}

async function readByVolumes({ inventory, records }: Sources, call: RuntimeCall): Promise<Listed> {
  const volumes = await inventory.listVolumes(call);
  if (volumes.state === "unknown") return volumes;
  return { ...volumes, early: await records.read(workspacesOf(volumes.objects)) };
}

interface Judged {
  readonly object: EngineObject;
  readonly judgement: Judgement;
}

/**
 * A row that was read before its object was listed may clear the object, but never speak against it: what is not
 * cleared is judged by rows that are read now, after both lists.
 */
async function judgeAll(
  objects: readonly EngineObject[],
  early: OwnerReading,
  records: OwnerRecords,
): Promise<{ readonly judged: readonly Judged[]; readonly fuse: SweepFuse }> {
  const first = objects.map((object) => ({ object, judgement: judge(object, early.rows) }));
  const open = first.filter(({ judgement }) => judgement.kind !== "owned").map(({ object }) => object);
  const workspaceIds = workspacesOf(open);
  if (workspaceIds.length === 0) return { judged: first, fuse: early.fuse };
  const late = await records.read(workspaceIds);
  const judged = first.map((each) =>
    each.judgement.kind === "owned" ? each : { ...each, judgement: judge(each.object, late.rows) },
  );
  return { judged, fuse: late.fuse };
}

function workspacesOf(objects: readonly EngineObject[]): readonly string[] {
  const ids = objects.flatMap(({ owner, workspaceId }) => (owner === "ours" ? [workspaceId] : []));
  return [...new Set(ids)].filter(isWorkspaceId);
}

function groupByWorkspace(objects: readonly EngineObject[]): ReadonlyMap<string, readonly EngineObject[]> {
  const groups = new Map<string, EngineObject[]>();
  for (const object of objects) {
    const id = object.workspaceId ?? "";
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [object]);
    else group.push(object);
  }
  return groups;
}

/** What operators are shown of it. */
export function toReport({ unknown, findings, foreign, unlabelled }: Examination): OrphanReport {
  return {
    unknown,
    findings: findings.map(({ object, verdict, reason }) => ({ object, verdict, reason })),
    foreign,
    unlabelled,
  };
}

interface Aged {
  readonly object: EngineObject;
  readonly judgement: Judgement;
  /** Why a suspicion is not acted on yet; null: it is ripe, or no suspicion. */
  readonly waits: string | null;
}

function reasonToWait(object: EngineObject, now: number, { agreed, agesHold }: Experience): string | null {
  if (object.createdAt === null) return "the engine does not say how old it is";
  if (now - object.createdAt < GRACE_MS) return `it is younger than ${GRACE_MS / 60_000} min`;
  if (!agesHold) return "the clock was set a short while ago, so it may be younger than it seems";
  return agreed.has(keyOf(object)) ? null : "a second pass has to agree";
}

function decide(aged: readonly Aged[], workspaces: number, fuse: SweepFuse): FuseDecision {
  const suspects = aged.filter(({ judgement }) => judgement.kind === "suspect");
  const idsOf = (list: readonly Aged[]) => [
    ...new Set(list.map(({ object }) => object.workspaceId ?? "").filter((id) => id !== "")),
  ];
  const ripe = suspects.filter(({ waits }) => waits === null);
  return decideFuse(idsOf(ripe), idsOf(suspects), fuseLimit(workspaces), fuse);
}

function finding({ object, judgement, waits }: Aged, { allowed }: FuseDecision): Finding[] {
  switch (judgement.kind) {
    case "owned":
      return [];
    case "unproven":
      // A machine has many containers of its own: only those that look like ours are worth a line.
      if (object.owner === "unlabelled" && !object.name.startsWith("ws-")) return [];
      return [{ object, verdict: "keep", reason: judgement.reason, proof: null }];
    case "proven":
      return [{ object, verdict: "remove", reason: judgement.reason, proof: judgement.proof }];
    case "suspect": {
      const { proof, reason } = judgement;
      if (waits !== null) return [{ object, verdict: "wait", reason: `${reason}; ${waits}`, proof }];
      return allowed.includes(object.workspaceId ?? "")
        ? [{ object, verdict: "remove", reason: `${reason}; it is old enough and two passes agree`, proof }]
        : [{ object, verdict: "fuse", reason: `${reason}; an operator has to confirm`, proof }];
    }
  }
}

function nothingKnown(reason: string): Examination {
  return {
    unknown: reason,
    findings: [],
    byWorkspace: new Map(),
    suspects: new Set(),
    fuse: { allowed: [], blow: null, mend: false },
    fuseLimit: 0,
    foreign: 0,
    unlabelled: 0,
  };
}
