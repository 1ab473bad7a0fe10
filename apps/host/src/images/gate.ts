import { sleep, type Clock, type ContainerReplacement, type RuntimeCall } from "@molecule/core";
import { rolloutErrors } from "../errors/rollouts.js";
import type { WorkspaceStatus } from "../storage/schema.js";

/** Ms between two looks: what an exited container waits for its rollback, beside the engine's own time. */
const LOOK_MS = 250;

/** Why a container did not pass; only what the image is to blame for puts it into quarantine. */
export interface GateFailure {
  readonly error: Error;
  readonly imageFault: boolean;
}

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
}

/**
 * Watches a container that has just started: its agent must register or send a heartbeat within the gate's time, and
 * the container must run on, without the engine having to start it again, until it has soaked. An answer that the
 * engine does not give proves nothing and only costs time.
 * @returns null when it has passed
 */
export async function passGate(
  subject: GateSubject,
  times: GateTimes,
  services: { readonly replacement: ContainerReplacement; readonly clock: Clock },
  call: RuntimeCall,
): Promise<GateFailure | null> {
  const { replacement, clock } = services;
  const { gateMs, soakMs } = times;
  let deadline = clock.monotonic() + gateMs;
  let registeredAt: number | null = null;
  for (;;) {
    const presence = await replacement.observeAttempt(subject.workspaceId, subject.attempt, call);
    call.signal.throwIfAborted();
    const status = await subject.status();
    if (presence.state === "absent") return { error: rolloutErrors.CONTAINER_GONE({}), imageFault: false };
    if (presence.state === "present" && (!presence.running || presence.restarts > 0)) {
      const error = rolloutErrors.CONTAINER_ENDED({ exitCode: presence.exitCode });
      return { error, imageFault: true };
    }
    const now = clock.monotonic();
    if (registeredAt === null && (status === "online" || status === "degraded")) {
      registeredAt = now;
      // Room for an engine that can't be asked just when the soak ends.
      deadline = now + soakMs + gateMs;
    }
    if (presence.state === "present" && registeredAt !== null && now - registeredAt >= soakMs) return null;
    if (now >= deadline) {
      return presence.state === "unknown"
        ? { error: rolloutErrors.CONTAINER_UNKNOWN({ reason: presence.reason }), imageFault: false }
        : { error: rolloutErrors.AGENT_NOT_REGISTERED({ seconds: gateMs / 1000 }), imageFault: true };
    }
    await sleep(clock, LOOK_MS, call.signal);
  }
}
