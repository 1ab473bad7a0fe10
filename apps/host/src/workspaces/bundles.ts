import { compileSchema, Type, type Static } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import type { WorkspaceRow } from "../storage/schema.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import type { TemplateFolders } from "./template-folders.js";
import { modelOf } from "./workspace-model.js";
import type { WorkspaceCreation } from "./creation.js";
import type { WorkspaceDeletion } from "./deletion.js";

/** Workspaces in one bundle, and levels below its root. */
const MAX_WORKSPACES = 200;
const MAX_DEPTH = 20;

const TextOrNull = Type.Optional(Type.Union([Type.String(), Type.Null()]));

/** JSON Schema of one workspace of a bundle, and of the body of POST /bundles/import; its children are checked alike. */
export const BundleSchema = Type.Object({
  schema: Type.Optional(Type.Literal("1.0")),
  name: Type.String({ minLength: 1 }),
  description: TextOrNull,
  tier: Type.Optional(Type.Integer({ minimum: 0, maximum: 4 })),
  runtime: Type.Optional(Type.String()),
  model: TextOrNull,
  sub_workspaces: Type.Optional(Type.Array(Type.Unknown({ description: "The same, of each child" }))),
});

type BundleNode = Static<typeof BundleSchema>;
const check = compileSchema(BundleSchema);

/** A bundle whose every level was checked. */
interface Plan {
  readonly request: Readonly<Record<string, unknown>>;
  readonly children: readonly Plan[];
}

/** A workspace that an import made. */
export interface ImportedWorkspace {
  readonly workspace_id: string;
  readonly name: string;
  readonly status: string;
  readonly children?: readonly ImportedWorkspace[];
}

/** Takes workspaces with all below them out of a platform and into another: what they are, without tokens and secrets. */
export class Bundles {
  readonly #services: {
    readonly workspaces: WorkspaceStore;
    readonly creation: WorkspaceCreation;
    readonly deletion: WorkspaceDeletion;
    readonly folders: TemplateFolders;
  };

  constructor(services: {
    workspaces: WorkspaceStore;
    creation: WorkspaceCreation;
    deletion: WorkspaceDeletion;
    folders: TemplateFolders;
  }) {
    this.#services = services;
  }

  /** @throws WORKSPACE_NOT_FOUND */
  async export(workspaceId: string): Promise<Record<string, unknown>> {
    const row = await this.#services.workspaces.get(workspaceId);
    if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    return this.#exportTree(row);
  }

  /**
   * Makes the bundle's workspaces anew, parents first; when one of them can't be made, those before it are removed.
   * @throws INVALID_BUNDLE, and what {@link WorkspaceCreation.create} throws
   */
  async import(body: unknown): Promise<ImportedWorkspace> {
    const plan = planOf(body);
    const made: string[] = [];
    try {
      return await this.#make(plan, null, made);
    } catch (error) {
      const [root] = made;
      if (root !== undefined) await this.#services.deletion.remove(root, { confirm: true, purge: true });
      throw error;
    }
  }

  async #exportTree(row: WorkspaceRow): Promise<Record<string, unknown>> {
    const below: Record<string, unknown>[] = [];
    for (const child of await this.#services.workspaces.children(row.id)) {
      below.push(await this.#exportTree(child));
    }
    // Without its template's folder a workspace can't be started, but is exported all the same.
    const { model } = await modelOf(row, this.#services.folders).catch(() => ({ model: "" }));
    return {
      schema: "1.0",
      id: row.id,
      name: row.name,
      description: row.role ?? "",
      tier: row.tier,
      runtime: row.runtime,
      model,
      skills: [],
      tools: [],
      prompts: {},
      sub_workspaces: below,
      agent_card: row.agent_card,
      author: "",
      version: "1.0.0",
    };
  }

  async #make(plan: Plan, parentId: string | null, made: string[]): Promise<ImportedWorkspace> {
    const { body } = await this.#services.creation.create({ ...plan.request, parent_id: parentId });
    const id = String(body.id);
    made.push(id);
    const children: ImportedWorkspace[] = [];
    for (const child of plan.children) children.push(await this.#make(child, id, made));
    return {
      workspace_id: id,
      name: String(plan.request.name),
      status: String(body.status),
      ...(children.length === 0 ? {} : { children }),
    };
  }
}

function planOf(body: unknown): Plan {
  let count = 0;
  const plan = (value: unknown, path: string, depth: number): Plan => {
    const checked = check(value);
    if (!checked.ok) {
      const faults = checked.faults.map((fault) => ({ ...fault, path: `${path}${fault.path}` }));
      throw workspaceErrors.INVALID_BUNDLE({ faults });
    }
    count += 1;
    if (count > MAX_WORKSPACES || depth > MAX_DEPTH) {
      const allowed = `at most ${MAX_WORKSPACES} workspaces, ${MAX_DEPTH} levels deep`;
      throw workspaceErrors.INVALID_BUNDLE({ faults: [{ path, found: "more", allowed }] });
    }
    const below = checked.value.sub_workspaces ?? [];
    return {
      request: requestOf(checked.value),
      children: below.map((each, index) => plan(each, `${path}sub_workspaces[${index}].`, depth + 1)),
    };
  };
  return plan(body, "", 0);
}

function requestOf({ name, description, tier, runtime, model }: BundleNode): Record<string, unknown> {
  return {
    name,
    role: description ?? null,
    model: model ?? null,
    ...(tier === undefined ? {} : { tier }),
    ...(runtime === undefined || runtime === "" ? {} : { runtime }),
  };
}
