import type { LaunchSpec, RuntimeCall } from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";
import { settleAll } from "../abortable.js";
import { workspaceObjectName } from "../workspace-name.js";
import type { EngineClient } from "./client.js";
import { isRefusal } from "./engine-errors.js";
import { belongsTo, workspaceFilter, workspaceLabels, type FoundLabels } from "./labels.js";

/** A volume that a workspace keeps from attempt to attempt. */
export interface VolumePlan {
  readonly name: string;
  /** Where its container has it. */
  readonly target: string;
  /** Holds the agent's session, which a reset drops. */
  readonly session: boolean;
}

/** Which volumes a workspace has; api.md §8. */
export function planVolumes(spec: LaunchSpec, isolation: number): VolumePlan[] {
  const plan = (suffix: string, target: string, session = false): VolumePlan => ({
    name: `${workspaceObjectName(spec.workspaceId)}-${suffix}`,
    target,
    session,
  });
  if (isolation === 1) return [plan("configs", "/configs")];
  return [
    plan("configs", "/configs"),
    ...(spec.workspaceDir === undefined ? [plan("workspace", "/workspace")] : []),
    ...(spec.template.name === "claude-code"
      ? [plan("claude-sessions", "/root/.claude/sessions", true)]
      : []),
  ];
}

/** Makes and removes the volumes of workspaces; those of others are never touched. */
export class Volumes {
  readonly #engine: EngineClient;
  readonly #instanceId: string;

  constructor(engine: EngineClient, instanceId: string) {
    this.#engine = engine;
    this.#instanceId = instanceId;
  }

  /**
   * Makes what is missing. A container's mount would make it too, but without labels.
   * @throws VOLUME_NAME_TAKEN, VOLUME_IN_USE (a session to be reset)
   */
  async ensure(plans: readonly VolumePlan[], spec: LaunchSpec, call: RuntimeCall): Promise<void> {
    await settleAll(plans.map((plan) => this.#ensure(plan, spec, call)));
  }

  /**
   * Removes every volume of the workspace, side by side.
   * @throws VOLUME_IN_USE or an error of the engine, after the others were removed
   */
  async removeAll(workspaceId: string, { signal }: RuntimeCall): Promise<void> {
    const filters = workspaceFilter(this.#instanceId, workspaceId);
    const listed = await this.#engine.call("list volumes", signal, (docker, abortSignal) =>
      docker.listVolumes({ filters, abortSignal }),
    );
    const volumes: { readonly Volumes?: readonly { Name: string; Labels: FoundLabels }[] | null } = listed;
    const own = (volumes.Volumes ?? []).filter((each) =>
      belongsTo(each.Labels, this.#instanceId, workspaceId),
    );
    const inUse: string[] = [];
    await settleAll(
      own.map(async ({ Name }) => {
        if (!(await this.#remove(Name, signal))) inUse.push(Name);
      }),
    );
    if (inUse.length > 0) throw runtimeErrors.VOLUME_IN_USE({ names: inUse.sort(), workspaceId });
  }

  /**
   * Removes one volume of the workspace; absent is success.
   * @throws OBJECT_NOT_OURS when the name stands for something else by now, VOLUME_IN_USE
   */
  async removeOne(name: string, workspaceId: string, { signal }: RuntimeCall): Promise<void> {
    const labels = await this.#labelsOrGone(name, signal);
    if (labels === "gone") return;
    if (!belongsTo(labels, this.#instanceId, workspaceId)) {
      throw runtimeErrors.OBJECT_NOT_OURS({ kind: "volume", id: name });
    }
    if (!(await this.#remove(name, signal)))
      throw runtimeErrors.VOLUME_IN_USE({ names: [name], workspaceId });
  }

  async #ensure({ name, session }: VolumePlan, spec: LaunchSpec, { signal }: RuntimeCall): Promise<void> {
    if (session && spec.resetSession) await this.#drop(name, spec.workspaceId, signal);
    const { workspaceId, attempt, template } = spec;
    const Labels = workspaceLabels(this.#instanceId, { workspaceId, attempt, runtime: template.name });
    await this.#engine.call(`create the volume ${name}`, signal, (docker, abortSignal) =>
      docker.createVolume({ Name: name, Labels, abortSignal }),
    );
    // The engine answers the same for a volume that was there before, whoever made it.
    const labels = await this.#labels(name, signal);
    if (!belongsTo(labels, this.#instanceId, workspaceId)) {
      throw runtimeErrors.VOLUME_NAME_TAKEN({ name, workspaceId });
    }
  }

  async #drop(name: string, workspaceId: string, signal: AbortSignal): Promise<void> {
    const labels = await this.#labelsOrGone(name, signal);
    if (labels === "gone") return;
    if (!belongsTo(labels, this.#instanceId, workspaceId)) {
      throw runtimeErrors.VOLUME_NAME_TAKEN({ name, workspaceId });
    }
    if (!(await this.#remove(name, signal)))
      throw runtimeErrors.VOLUME_IN_USE({ names: [name], workspaceId });
  }

  async #labelsOrGone(name: string, signal: AbortSignal): Promise<FoundLabels | "gone"> {
    try {
      return await this.#labels(name, signal);
    } catch (error) {
      if (isRefusal(error, 404)) return "gone";
      throw error;
    }
  }

  async #labels(name: string, signal: AbortSignal): Promise<FoundLabels> {
    const volume = await this.#engine.call(`inspect the volume ${name}`, signal, (docker, abortSignal) =>
      docker.getVolume(name).inspect({ abortSignal }),
    );
    return volume.Labels;
  }

  /** @returns false when a container has it mounted */
  async #remove(name: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#engine.call(`remove the volume ${name}`, signal, (docker, abortSignal) =>
        docker.getVolume(name).remove({ abortSignal }),
      );
      return true;
    } catch (error) {
      if (isRefusal(error, 404)) return true;
      if (isRefusal(error, 409)) return false;
      throw error;
    }
  }
}
