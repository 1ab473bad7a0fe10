import { messageOf, type Clock, type LaunchResult, type LaunchSpec, type RuntimeCall } from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";
import { settleAll, untilAborted } from "../abortable.js";
import type { EngineClient } from "./client.js";
import { planContainer, type ContainerPlan } from "./container-plan.js";
import { publishedUrl, type Containers, type OwnContainer } from "./containers.js";
import { isRefusal, refusalOf } from "./engine-errors.js";
import { fileOwner } from "./file-owner.js";
import { archiveFiles } from "./files.js";
import type { ImageInfo, Images } from "./images.js";
import type { Network } from "./network.js";
import type { TierLimits } from "./tiers.js";
import type { Volumes } from "./volumes.js";

/** Ms for taking a container back whose launch has failed, whatever became of the launch's own bound. */
const TAKE_BACK_TIMEOUT_MS = 10_000;
/** Each obstacle to a creation (a name in use, an image gone) is cleared once. */
const CREATE_TRIES = 3;

/** What a launch works with. */
export interface LaunchParts {
  readonly engine: EngineClient;
  readonly containers: Containers;
  readonly images: Images;
  readonly network: Network;
  readonly volumes: Volumes;
  readonly instanceId: string;
  readonly limits: TierLimits;
  readonly clock: Clock;
}

/** Brings one attempt of one workspace up; the order of its steps is that of {@link DockerLaunch.run}. */
export class DockerLaunch {
  readonly #parts: LaunchParts;
  readonly #spec: LaunchSpec;
  readonly #call: RuntimeCall;

  constructor(parts: LaunchParts, spec: LaunchSpec, call: RuntimeCall) {
    this.#parts = parts;
    this.#spec = spec;
    this.#call = call;
  }

  /** @throws what stands in the way, as a coded error; the reason of the call's signal. No container is left then */
  async run(): Promise<LaunchResult> {
    const { engine, containers, images, network, volumes, instanceId, limits } = this.#parts;
    const { signal } = this.#call;
    const plan = planContainer(this.#spec, {
      instanceId,
      limits,
      engineCpus: await engine.cpus(signal),
      engineSocket: engine.socketPath,
    });
    const found = await containers.list(this.#spec.workspaceId, signal);
    const earlier = found.filter(({ attempt }) => attempt !== this.#spec.keepAttempt);
    for (const container of earlier) this.#assertEarlier(container);
    await containers.removeAll(earlier, this.#call);
    const image = await images.ensure(this.#spec.template, this.#call);
    await settleAll([network.ensure(this.#call), volumes.ensure(plan.volumes, this.#spec, this.#call)]);
    const id = await this.#create(plan, image);
    try {
      await this.#putFiles(id, plan, image);
      await this.#start(id, plan.name);
      const started = await containers.inspect(id, signal);
      const url = started === null ? null : publishedUrl(started);
      const { id: imageId, digest } = image;
      return { handle: id, name: plan.name, url, notices: plan.notices, image: { id: imageId, digest } };
    } catch (error) {
      await this.#takeBack((bound) => containers.remove(id, bound));
      throw error;
    }
  }

  async #create(plan: ContainerPlan, image: ImageInfo): Promise<string> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#createOnce(plan, image);
      } catch (error) {
        if (tries === CREATE_TRIES) throw error;
        if (isRefusal(error, 409)) await this.#freeName(plan.name);
        else if (isRefusal(error, 404, /no such image/i))
          await this.#parts.images.ensure(this.#spec.template, this.#call);
        else throw error;
      }
    }
  }

  /** An abort waits for the engine's answer: it would go on creating, and the container would be nobody's. */
  async #createOnce(plan: ContainerPlan, image: ImageInfo): Promise<string> {
    const patience = new AbortController();
    const creating = this.#requestCreate(plan, image, patience.signal);
    try {
      return await untilAborted(this.#call.signal, creating);
    } catch (error) {
      if (refusalOf(error) !== null) throw error;
      await this.#takeBack(async (bound) => {
        const id = await untilAborted(bound, creating).catch(() => null);
        await (id === null ? this.#removeUnstarted(bound) : this.#parts.containers.remove(id, bound));
      });
      throw error;
    } finally {
      patience.abort();
    }
  }

  async #requestCreate(plan: ContainerPlan, image: ImageInfo, signal: AbortSignal): Promise<string> {
    const body = { ...plan.options, Image: image.reference };
    const action = `create the container ${plan.name}`;
    const container = await this.#parts.engine.call(action, signal, (docker, abortSignal) => {
      // dockerode would put the whole body, secrets included, into the query as well.
      const options = { _query: { name: plan.name }, _body: body, abortSignal };
      return docker.createContainer(options);
    });
    return container.id;
  }

  async #freeName(name: string): Promise<void> {
    const { containers } = this.#parts;
    const { workspaceId } = this.#spec;
    const holder = await containers.named(workspaceId, this.#call.signal);
    if (holder === null) return;
    if (holder === "foreign") throw runtimeErrors.CONTAINER_NAME_TAKEN({ name, workspaceId });
    if (holder.attempt === this.#spec.keepAttempt) {
      await containers.setAside(holder, workspaceId, this.#call.signal);
      return;
    }
    this.#assertEarlier(holder);
    await containers.removeAll([holder], this.#call);
  }

  /** An attempt that was started is not replaced by itself, nor a newer one by an older. */
  #assertEarlier({ attempt: found, state }: OwnContainer): void {
    const { workspaceId, attempt } = this.#spec;
    if (found < attempt || (found === attempt && state === "created")) return;
    throw runtimeErrors.ATTEMPT_ALREADY_STARTED({ workspaceId, attempt, found });
  }

  async #putFiles(id: string, plan: ContainerPlan, image: ImageInfo): Promise<void> {
    if (plan.files.files.length === 0) return;
    const { engine, clock } = this.#parts;
    const owner = await fileOwner(image.user, id, engine, this.#call);
    const archive = await archiveFiles(plan.files, owner, clock);
    await engine.call(`put files into the container ${plan.name}`, this.#call.signal, (docker, abortSignal) =>
      docker.getContainer(id).putArchive(archive, { path: plan.files.root, abortSignal }),
    );
  }

  async #start(id: string, name: string): Promise<void> {
    try {
      await this.#startOnce(id, name);
    } catch (error) {
      const gone = isRefusal(error, 404, /network .*not found/i);
      if (!gone && !isRefusal(error, 400, /network .*is ambiguous/i)) throw error;
      this.#parts.network.forget();
      await this.#parts.network.ensure(this.#call);
      await this.#startOnce(id, name);
    }
  }

  async #startOnce(id: string, name: string): Promise<void> {
    await this.#parts.engine.call(`start the container ${name}`, this.#call.signal, (docker, abortSignal) =>
      docker.getContainer(id).start({ abortSignal }),
    );
  }

  async #removeUnstarted(signal: AbortSignal): Promise<void> {
    const { containers } = this.#parts;
    const { workspaceId, attempt } = this.#spec;
    for (const each of await containers.findAttempt(workspaceId, attempt, signal)) {
      if (each.state === "created") await containers.remove(each.id, signal);
    }
  }

  /** Best effort: what it can't remove is found by the next attempt, or by the sweep. */
  async #takeBack(remove: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const bound = new AbortController();
    const cancelTimer = this.#parts.clock.timer(() => {
      bound.abort(new Error(`it took longer than ${TAKE_BACK_TIMEOUT_MS} ms`));
    }, TAKE_BACK_TIMEOUT_MS);
    try {
      await remove(bound.signal);
    } catch (error) {
      this.#call.log.warn(`the container of a failed launch could not be taken back: ${messageOf(error)}`);
    } finally {
      cancelTimer();
    }
  }
}
