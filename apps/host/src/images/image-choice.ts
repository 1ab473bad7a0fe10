import type { ContainerReplacement, ContainerRuntime, RuntimeCall, WorkspaceTemplate } from "@molecule/core";
import { rolloutErrors } from "../errors/rollouts.js";
import type { Executor, WorkspaceRow } from "../storage/schema.js";

/** What is known of the images of one runtime. */
interface ImageFacts {
  readonly quarantined: readonly {
    readonly image_id: string;
    readonly digest: string;
    readonly reason: string;
  }[];
  readonly proven: { readonly image_id: string; readonly digest: string | null } | undefined;
  /** A rollout whose canary has not passed yet: the tag may point at its image already. */
  readonly unproven: boolean;
}

/**
 * Decides which image a workspace starts with: its pinned one; else the template's, unless that is in quarantine or
 * is just being tried out on a canary: then the last good one.
 */
export class ImageChoice {
  readonly #db: Executor;
  readonly #runtime: ContainerRuntime;

  constructor(services: { db: Executor; runtime: ContainerRuntime }) {
    this.#db = services.db;
    this.#runtime = services.runtime;
  }

  /**
   * The template with the image to start.
   * @throws IMAGE_IN_QUARANTINE when no other is known; an error of the engine
   */
  async choose(
    row: Pick<WorkspaceRow, "runtime" | "image_pin">,
    template: WorkspaceTemplate,
    call: RuntimeCall,
  ): Promise<WorkspaceTemplate> {
    const { replacement } = this.#runtime;
    const { image } = template;
    if (replacement === null || image === undefined) return template;
    const facts = await this.#facts(row.runtime);
    if (row.image_pin !== null) {
      const pinned = facts.quarantined.find(({ digest }) => digest === row.image_pin);
      if (pinned !== undefined) throw rolloutErrors.IMAGE_IN_QUARANTINE({ ...pinned, image });
      return exactly(template, `${repositoryOf(image)}@${row.image_pin}`);
    }
    if (facts.unproven && facts.proven !== undefined) {
      return (await provenTemplate(template, facts.proven, replacement, call)) ?? template;
    }
    if (facts.quarantined.length === 0) return template;
    const local = await replacement.identifyImage(image, call);
    // What is not there would be pulled, and the registry may still offer the bad one.
    const bad =
      local === null
        ? facts.quarantined[0]
        : facts.quarantined.find(({ image_id, digest }) => image_id === local.id || digest === local.digest);
    if (bad === undefined) return template;
    const good =
      facts.proven === undefined ? null : await provenTemplate(template, facts.proven, replacement, call);
    if (good !== null) return good;
    if (local === null) return template;
    throw rolloutErrors.IMAGE_IN_QUARANTINE({ image, digest: bad.digest, reason: bad.reason });
  }

  async #facts(runtime: string): Promise<ImageFacts> {
    const [quarantined, proven, running] = await Promise.all([
      this.#db
        .selectFrom("image_quarantine")
        .select(["image_id", "digest", "reason"])
        .where("runtime", "=", runtime)
        .execute(),
      this.#db
        .selectFrom("proven_images")
        .select(["image_id", "digest"])
        .where("runtime", "=", runtime)
        .executeTakeFirst(),
      this.#db
        .selectFrom("rollouts")
        .select("proven")
        .where("runtime", "=", runtime)
        .where("status", "=", "running")
        .executeTakeFirst(),
    ]);
    return { quarantined, proven, unproven: running?.proven === false };
  }
}

/** Null when the image is gone from the engine and no registry has it. */
async function provenTemplate(
  template: WorkspaceTemplate,
  proven: { readonly image_id: string; readonly digest: string | null },
  replacement: ContainerReplacement,
  call: RuntimeCall,
): Promise<WorkspaceTemplate | null> {
  if ((await replacement.identifyImage(proven.image_id, call)) !== null) {
    return exactly(template, proven.image_id);
  }
  if (proven.digest === null) return null;
  return exactly(template, `${repositoryOf(template.image ?? "")}@${proven.digest}`);
}

/** The template with this image and no other: it is never built anew. */
export function exactly(template: WorkspaceTemplate, image: string): WorkspaceTemplate {
  return { ...template, image, build: undefined };
}

/** A reference without its tag and digest. */
function repositoryOf(reference: string): string {
  return reference.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
}
