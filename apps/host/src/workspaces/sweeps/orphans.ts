import type {
  Clock,
  EngineContainer,
  EngineInventory,
  EngineVolume,
  Logger,
  OrphanFinding,
  OwnerRow,
  RuntimeCall,
  Tier,
  WorkspaceTemplate,
} from "@molecule/core";
import { workspaceErrors } from "../../errors/workspaces.js";
import type { EventLog } from "../../storage/event-log.js";
import type { Trx } from "../../storage/schema.js";
import { fieldProblems } from "../create-request.js";
import type { Provisioner } from "../provisioner.js";
import type { StateMachine } from "../state-machine.js";
import { viewFuse, type FuseView } from "./fuse-id.js";
import type { CurrentOrphanExaminer } from "./orphan-examiners.js";
import type { StoredOwnerRecords } from "./owner-records.js";

/** Ms for what an operator asks. */
const TIMEOUT_MS = 60_000;
/** Of an adopted workspace, as of a new one whose creator names none; api.md §6. */
const DEFAULT_TIER = 3;

/** What the operators' view of orphans works with. */
export interface OrphanServices {
  readonly examiner: CurrentOrphanExaminer;
  readonly inventory: EngineInventory;
  readonly records: StoredOwnerRecords;
  readonly events: EventLog;
  readonly stateMachine: StateMachine;
  readonly provisioner: Provisioner;
  readonly templates: readonly WorkspaceTemplate[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answer of GET /admin/orphans. */
export interface OrphansView {
  /** Why the engine could not be listed, or null. */
  readonly unknown: string | null;
  readonly orphans: readonly OrphanView[];
  readonly foreign: number;
  readonly unlabelled: number;
  readonly fuse: FuseView;
}

/** An object of the engine that is no live workspace's. */
export interface OrphanView {
  readonly kind: "container" | "volume";
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly workspace_id: string | null;
  readonly attempt: number | null;
  /** RFC 3339, or null. */
  readonly created_at: string | null;
  readonly verdict: OrphanFinding["verdict"];
  readonly reason: string;
}

/** What to adopt a workspace with that only the engine knows of. */
export interface AdoptRequest {
  readonly workspace_id: string;
  readonly name?: string;
  readonly role?: string;
  readonly tier?: Tier;
  readonly runtime?: string;
}

/** What operators see of orphans, and do about those that the reaping rule leaves alone. */
export class Orphans {
  readonly #services: OrphanServices;

  constructor(services: OrphanServices) {
    this.#services = services;
  }

  /** @throws ORPHAN_SWEEPER_OFF */
  async list(): Promise<OrphansView> {
    const { examiner, records } = this.#services;
    const report = await this.#bounded((call) => examiner.examine(call));
    return {
      unknown: report.unknown,
      orphans: report.findings.map(view),
      foreign: report.foreign,
      unlabelled: report.unlabelled,
      fuse: viewFuse(await records.fuse()),
    };
  }

  /**
   * What the fuse holds back shall be removed, by the next pass.
   * @param fuse - its id as {@link list} showed it
   * @throws ORPHAN_FUSE_WHOLE, ORPHAN_FUSE_CHANGED
   */
  async confirm(fuse: string): Promise<{ readonly status: "confirmed"; readonly workspaces: number }> {
    const confirmed = await this.#services.records.confirmFuse(fuse);
    return { status: "confirmed", workspaces: confirmed.length };
  }

  /**
   * Removes one object of this installation that is no live workspace's.
   * @throws ENGINE_NOT_LISTED, ORPHAN_NOT_FOUND, ORPHAN_IN_USE, VOLUME_IN_USE, or an error of the engine
   */
  async remove(id: string): Promise<{ readonly status: "removed"; readonly id: string }> {
    const { inventory, log } = this.#services;
    return await this.#bounded(async (call) => {
      const object = (await this.#own(call)).find((each) => each.id === id);
      if (object === undefined) throw workspaceErrors.ORPHAN_NOT_FOUND({ found: id });
      await this.#assertUnused(object);
      if (object.kind === "container") await inventory.removeContainer(object, call);
      else await inventory.removeVolume(object, call);
      log.info(`orphan removed by an operator: ${object.kind} ${object.name}`, {
        id,
        workspaceId: object.workspaceId,
      });
      return { status: "removed", id };
    });
  }

  /**
   * Makes a workspace of what only the engine knows of, with its volumes, and starts its next attempt: for rows that
   * a restored backup has lost, or has at an earlier attempt.
   * @throws INVALID_WORKSPACE_FIELDS, ENGINE_NOT_LISTED, ORPHAN_NOT_FOUND, ADOPTION_REFUSED, UNKNOWN_RUNTIME
   */
  async adopt(
    request: AdoptRequest,
  ): Promise<{ readonly id: string; readonly status: "provisioning"; readonly attempt: number }> {
    const workspaceId = request.workspace_id;
    const problems = fieldProblems(request);
    if (problems.length > 0) throw workspaceErrors.INVALID_WORKSPACE_FIELDS({ problems });
    const own = await this.#bounded((call) => this.#own(call));
    const objects = own.filter((each) => each.workspaceId === workspaceId);
    if (objects.length === 0) throw workspaceErrors.ORPHAN_NOT_FOUND({ found: workspaceId });
    const found = Math.max(1, ...objects.map(({ attempt }) => attempt ?? 0));
    const row = await this.#row(workspaceId);
    const runtime = request.runtime ?? objects.find((each) => each.runtime !== null)?.runtime ?? "";
    this.#assertAdoptable(workspaceId, row, found, runtime);
    const { events, stateMachine, provisioner, log } = this.#services;
    const refuse = (reason: string) => workspaceErrors.ADOPTION_REFUSED({ workspaceId, reason });
    const next = await events.transact(async (trx, emit) => {
      const taken =
        row === undefined
          ? await stateMachine.adopt(trx, {
              id: workspaceId,
              name: request.name ?? `ws-${workspaceId.slice(0, 12)}`,
              role: request.role ?? null,
              tier: request.tier ?? DEFAULT_TIER,
              runtime,
              attempt: found,
              last_attempt: found,
            })
          : await raiseAttempt(trx, workspaceId, found);
      if (!taken) throw refuse("its row has changed meanwhile; look again");
      const started = await stateMachine.reprovision(trx, emit, { workspaceId, attempt: found });
      if (started === null) throw refuse("its row allows no provision");
      return started;
    });
    provisioner.start(next);
    log.info("a workspace was adopted from the engine", { workspaceId, foundAttempt: found });
    return { id: workspaceId, status: "provisioning", attempt: next.attempt };
  }

  #assertAdoptable(
    workspaceId: string,
    row: OwnerRow | "undecodable" | undefined,
    found: number,
    runtime: string,
  ): void {
    const refuse = (reason: string) => workspaceErrors.ADOPTION_REFUSED({ workspaceId, reason });
    if (row === "undecodable") throw refuse("its row can't be made sense of; repair that first");
    if (row?.removed === true) throw refuse("it was removed, which is for good; create a new one");
    if (row !== undefined && Math.max(row.attempt, row.lastAttempt) >= found)
      throw refuse("it has a row that knows of all that is there");
    const { templates } = this.#services;
    if (row === undefined && !templates.some(({ name }) => name === runtime)) {
      throw workspaceErrors.UNKNOWN_RUNTIME({ runtime, known: templates.map(({ name }) => name) });
    }
  }

  async #assertUnused(object: EngineContainer | EngineVolume): Promise<void> {
    const { id, workspaceId } = object;
    if (workspaceId === null) return;
    const row = await this.#row(workspaceId);
    if (row === undefined || row === "undecodable" || row.removed) return;
    const isOther =
      object.kind === "container" &&
      object.attempt !== row.attempt &&
      !row.rolloutAttempts.includes(object.attempt ?? row.attempt);
    if (!isOther) throw workspaceErrors.ORPHAN_IN_USE({ id, workspaceId });
  }

  async #row(workspaceId: string): Promise<OwnerRow | "undecodable" | undefined> {
    const { rows } = await this.#services.records.read([workspaceId]);
    return rows.get(workspaceId);
  }

  async #own(call: RuntimeCall): Promise<(EngineContainer | EngineVolume)[]> {
    const { inventory } = this.#services;
    const listings = await Promise.all([inventory.listContainers(call), inventory.listVolumes(call)]);
    return listings.flatMap((listing) => {
      if (listing.state === "unknown") throw workspaceErrors.ENGINE_NOT_LISTED({ reason: listing.reason });
      return listing.objects.filter(({ owner }) => owner === "ours");
    });
  }

  async #bounded<T>(work: (call: RuntimeCall) => Promise<T>): Promise<T> {
    const { clock, log } = this.#services;
    const bound = new AbortController();
    const cancelTimer = clock.timer(() => {
      bound.abort(new Error(`it took longer than ${TIMEOUT_MS / 1000} s`));
    }, TIMEOUT_MS);
    try {
      return await work({ signal: bound.signal, log });
    } finally {
      cancelTimer();
    }
  }
}

/** Puts a row at the attempt that was found in the engine. @returns false when it has got there by itself, or further */
async function raiseAttempt(trx: Trx, workspaceId: string, attempt: number): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable("workspaces")
    .set({ attempt, last_attempt: attempt })
    .where("id", "=", workspaceId)
    .where("attempt", "<", attempt)
    .where("last_attempt", "<", attempt)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function view({ object, verdict, reason }: OrphanFinding): OrphanView {
  const { kind, id, name, owner, workspaceId, attempt, createdAt } = object;
  return {
    kind,
    id,
    name,
    owner,
    workspace_id: workspaceId,
    attempt,
    created_at: createdAt === null ? null : new Date(createdAt).toISOString(),
    verdict,
    reason,
  };
}
