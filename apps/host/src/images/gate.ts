import {
  sleep,
  type AttemptPresence,
  type Clock,
  type ContainerReplacement,
  type RuntimeCall,
} from "@molecule/core";
import { rolloutErrors } from "../errors/rollouts.js";
import type { WorkspaceStatus } from "../storage/schema.js";

/** Ms between two looks: what an exited container waits for its rollback, beside the engine's own time. */
const LOOK_MS = 250;
/** How often the gate begins anew for an engine that was away. */
const MAX_RETURNS = 5;

/** What came of a container. */
export type GateVerdict =
  | { readonly kind: "passed" }
  /** Only what the image is to blame for puts it into quarantine. */
  | { readonly kind: "failed"; readonly error: Error; readonly imageFault: boolean }
  /** It does not run since the engine was away: one that is killed need not start its containers again. */
  | { readonly kind: "lost"; readonly error: Error };

type Present = Extract<AttemptPresence, { readonly state: "present" }>;

/** How long a new container is looked at. */
export interface GateTimes {
  /** Ms until its agent must have registered or sent a heartbeat. */
  readonly gateMs: number;
  /** Ms that it must go on running after that. */
  readonly soakMs: number;
}

/** What the gate looks at. */
export interface GateSubject {
  readonly workspaceId: string;
  readonly attempt: number;
  /** The status of the workspace at this attempt; throws when it has moved on. */
  readonly status: () => Promise<WorkspaceStatus>;
  /** Whether nobody has looked since it was started, as after a restart of the host: the engine may have been away. */
  readonly unwatched: boolean;
}

/**
 * Watches a container that has just started: its agent must register or send a heartbeat within the gate's time, and
 * the container must run on, without the engine having to start it again, until it has soaked. An answer that the
 * engine does not give proves nothing and only costs time. An engine that was away may have ended and started the
 * container by itself: where it runs, the gate begins anew.
 */
export async function passGate(
  subject: GateSubject,
  times: GateTimes,
  services: { readonly replacement: Pick<ContainerReplacement, "observeAttempt">; readonly clock: Clock },
  call: RuntimeCall,
): Promise<GateVerdict> {
  const { replacement, clock } = services;
  const watch = new GateWatch(times, clock.monotonic(), subject.unwatched);
  for (;;) {
    const presence = await replacement.observeAttempt(subject.workspaceId, subject.attempt, call);
    call.signal.throwIfAborted();
    const status = await subject.status();
    const verdict = watch.look(presence, status, clock.monotonic());
    if (verdict !== null) return verdict;
    await sleep(clock, LOOK_MS, call.signal);
  }
}

/** What has been seen of the container so far. */
class GateWatch {
  readonly #times: GateTimes;
  #deadline: number;
  #registeredAt: number | null = null;
  /** How often the engine had started it again when the gate began. */
  #restarts = 0;
  #away: boolean;
  #returns = 0;

  /**
   * @param now in ms, of a clock that nobody sets
   * @param away whether the engine may have been away before
   */
  constructor(times: GateTimes, now: number, away: boolean) {
    this.#times = times;
    this.#deadline = now + times.gateMs;
    this.#away = away;
  }

  look(presence: AttemptPresence, status: WorkspaceStatus, now: number): GateVerdict | null {
    switch (presence.state) {
      case "absent":
        return failed(rolloutErrors.CONTAINER_GONE({}), false);
      case "unknown":
        this.#away = true;
        if (now < this.#deadline) return null;
        return failed(rolloutErrors.CONTAINER_UNKNOWN({ reason: presence.reason }), false);
      case "present":
        return this.#back(presence, now) ?? this.#lookAt(presence, status, now);
    }
  }

  #lookAt(presence: Present, status: WorkspaceStatus, now: number): GateVerdict | null {
    const { gateMs, soakMs } = this.#times;
    if (!presence.running || presence.restarts > this.#restarts) {
      return failed(rolloutErrors.CONTAINER_ENDED({ exitCode: presence.exitCode }), true);
    }
    if (this.#registeredAt === null && (status === "online" || status === "degraded")) {
      this.#registeredAt = now;
      // Room for an engine that can't be asked just when the soak ends.
      this.#deadline = now + soakMs + gateMs;
    }
    if (this.#registeredAt !== null && now - this.#registeredAt >= soakMs) return { kind: "passed" };
    if (now < this.#deadline) return null;
    return failed(rolloutErrors.AGENT_NOT_REGISTERED({ seconds: gateMs / 1000 }), true);
  }

  /** The first look at the container after the engine was away, which may have been started anew meanwhile. */
  #back({ running, restarts, exitCode }: Present, now: number): GateVerdict | null {
    if (!this.#away) return null;
    this.#away = false;
    if (!running) return { kind: "lost", error: rolloutErrors.CONTAINER_ENDED({ exitCode }) };
    this.#restarts = restarts;
    this.#returns += 1;
    // An engine that comes and goes holds nobody up for ever.
    if (this.#returns > MAX_RETURNS) return null;
    this.#registeredAt = null;
    this.#deadline = now + this.#times.gateMs;
    return null;
  }
}

function failed(error: Error, imageFault: boolean): GateVerdict {
  return { kind: "failed", error, imageFault };
}
