import {
  ClockWatch,
  messageOf,
  type Clock,
  type EngineContainer,
  type EngineVolume,
  type Logger,
  type RuntimeCall,
  type SweepLease,
  type TickContext,
} from "@molecule/core";
import { examine, keyOf, type Examination, type Finding, type Sources } from "./examination.js";
import { GRACE_MS } from "./rule.js";

/** Removals at a time: a container may take 10 s to end. */
const WIDTH = 8;

/** Name of the loop, and of its lease. */
export const LOOP = "orphan-sweeper";

/** Removes from the engine what is proven to be nobody's, pass by pass. */
export class OrphanSweeper {
  readonly #sources: Sources;
  readonly #clock: Clock;
  /** Over this machine's clock: it costs no call, and mostly it is the engine's. */
  readonly #clockWatch = new ClockWatch(GRACE_MS);
  /** What the last pass under the same lease found suspect. */
  #last: { readonly fence: number | null; readonly suspects: ReadonlySet<string> } = {
    fence: null,
    suspects: new Set(),
  };

  /** What the last look found suspect. Looks agree with each other, and passes only with passes. */
  #looked: ReadonlySet<string> = new Set();

  constructor({ clock, ...sources }: Sources & { readonly clock: Clock }) {
    this.#sources = sources;
    this.#clock = clock;
  }

  /**
   * Looks and decides as the next pass would; changes nothing. Passes of this host count as looks, since where it never
   * makes one, as without the lease or in dry runs, its looks are all that it knows.
   */
  async examine(call: RuntimeCall): Promise<Examination> {
    const agreed = new Set([...this.#last.suspects, ...this.#looked]);
    const examination = await this.#examine(agreed, call);
    if (examination.unknown === null) this.#looked = examination.suspects;
    return examination;
  }

  /** @returns what was done, in a few words, or nothing where there was nothing to do */
  async pass({ signal, log, dryRun, fence }: TickContext): Promise<string | undefined> {
    const call: RuntimeCall = { signal, log };
    const lease: SweepLease = { loop: LOOP, fence };
    // Another host may have swept in between: what it saw is not known here, so the count begins anew.
    const agreed = this.#last.fence === fence ? this.#last.suspects : new Set<string>();
    const examination = dryRun ? await this.examine(call) : await this.#examine(agreed, call);
    if (examination.unknown !== null)
      return `skipped: nothing is known of the engine: ${examination.unknown}`;
    if (dryRun) return describe(examination, null);
    this.#last = { fence, suspects: examination.suspects };
    await this.#settleFuse(examination, lease, log);
    const removal = await new Removal(this.#sources, examination, call, lease).run();
    return describe(examination, removal);
  }

  async #examine(agreed: ReadonlySet<string>, call: RuntimeCall): Promise<Examination> {
    const reading = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const agesHold = this.#clockWatch.agesHold(reading);
    return await examine(this.#sources, { agreed, agesHold }, call);
  }

  async #settleFuse({ fuse, fuseLimit: limit }: Examination, lease: SweepLease, log: Logger): Promise<void> {
    const { records } = this.#sources;
    if (fuse.mend) await records.mendFuse(lease);
    if (fuse.blow === null) return;
    log.error(
      `the fuse is blown: ${fuse.blow.length} workspaces in the engine have no row, more than the ${limit} that may be removed at once; nothing of them is removed until an operator confirms it`,
      { workspaceIds: fuse.blow },
    );
    await records.blowFuse(fuse.blow, limit, lease);
  }
}

interface Removed {
  readonly done: number;
  readonly failures: readonly string[];
}

/** The removals of one pass: containers first, then volumes, none of a workspace that a container is left of. */
class Removal {
  readonly #sources: Sources;
  readonly #examination: Examination;
  readonly #call: RuntimeCall;
  readonly #lease: SweepLease;
  readonly #gone = new Set<string>();
  readonly #failures: string[] = [];

  constructor(sources: Sources, examination: Examination, call: RuntimeCall, lease: SweepLease) {
    this.#sources = sources;
    this.#examination = examination;
    this.#call = call;
    this.#lease = lease;
  }

  async run(): Promise<Removed> {
    const { inventory } = this.#sources;
    const due = this.#examination.findings.filter(({ verdict }) => verdict === "remove");
    await this.#each(due, ({ object }) =>
      object.kind === "container" ? this.#container(object) : Promise.resolve(false),
    );
    await this.#each(due, async ({ object }) => {
      if (object.kind !== "volume" || this.#hasContainer(object)) return false;
      await inventory.removeVolume(object, this.#call);
      return true;
    });
    return { done: this.#gone.size, failures: this.#failures };
  }

  async #container(container: EngineContainer): Promise<boolean> {
    await this.#sources.inventory.removeContainer(container, this.#call);
    return true;
  }

  /** Whether a container of the volume's workspace was listed that is not gone. */
  #hasContainer({ workspaceId }: EngineVolume): boolean {
    const siblings = this.#examination.byWorkspace.get(workspaceId ?? "") ?? [];
    return siblings.some((each) => each.kind === "container" && !this.#gone.has(keyOf(each)));
  }

  async #each(findings: readonly Finding[], remove: (finding: Finding) => Promise<boolean>): Promise<void> {
    for (let at = 0; at < findings.length; at += WIDTH) {
      this.#call.signal.throwIfAborted();
      await this.#sources.records.assertLease(this.#lease);
      const due = await this.#stillDue(findings.slice(at, at + WIDTH));
      await Promise.all(due.map((finding) => this.#one(finding, remove)));
    }
  }

  /** Without what has got a row since it was judged: somebody has adopted it. */
  async #stillDue(findings: readonly Finding[]): Promise<readonly Finding[]> {
    const ids = findings.flatMap(({ proof, object }) =>
      proof === "no-row" ? [object.workspaceId ?? ""] : [],
    );
    if (ids.length === 0) return findings;
    const { rows } = await this.#sources.records.read(ids);
    return findings.filter(({ proof, object }) => proof !== "no-row" || !rows.has(object.workspaceId ?? ""));
  }

  async #one(finding: Finding, remove: (finding: Finding) => Promise<boolean>): Promise<void> {
    const { object, proof, reason } = finding;
    const { kind, id, name, workspaceId, attempt } = object;
    const { log } = this.#call;
    try {
      if (!(await remove(finding))) return;
      this.#gone.add(keyOf(object));
      log.info(`orphan removed: ${kind} ${name}: ${reason}`, { proof, kind, id, workspaceId, attempt });
    } catch (error) {
      this.#failures.push(`${kind} ${name}: ${messageOf(error)}`);
      log.warn(`an orphan could not be removed, it is tried again: ${kind} ${name}: ${messageOf(error)}`, {
        proof,
        kind,
        id,
        workspaceId,
      });
    }
  }
}

function describe(examination: Examination, removed: Removed | null): string | undefined {
  const { findings, foreign, unlabelled } = examination;
  const count = (verdict: Finding["verdict"]) => findings.filter((each) => each.verdict === verdict).length;
  const told = (number: number, what: string) => (number === 0 ? [] : [`${number} ${what}`]);
  const parts = [
    ...(removed === null ? told(count("remove"), "would be removed") : told(removed.done, "removed")),
    ...told(count("wait"), "waiting"),
    ...told(count("fuse"), "held back by the fuse"),
    ...told(
      findings.filter(({ object, verdict }) => verdict === "keep" && object.owner === "ours").length,
      "unproven",
    ),
    ...told(foreign, "of other installations"),
    ...told(unlabelled, "without labels"),
    ...(removed?.failures ?? []).map((failure) => `not removed: ${failure}`),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}
