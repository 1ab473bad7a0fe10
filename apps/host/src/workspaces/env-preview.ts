import {
  compileSchema,
  MASK,
  Type,
  type ChainResult,
  type ContainerRuntime,
  type EnvLedger,
  type EnvLayer,
  type Kernel,
  type Logger,
  type SecretMasker,
  type WorkspaceTemplate,
} from "@molecule/core";
import type { SecretVault } from "../secrets/secret-vault.js";
import { workspaceErrors } from "../errors/workspaces.js";
import type { WorkspaceRow } from "../storage/schema.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import { UUID } from "./uuid.js";
import {
  CreateWorkspaceSchema,
  DEFAULT_RUNTIME,
  parseCreateRequest,
  withoutSecrets,
} from "./create-request.js";
import { environmentLayers } from "./environment-layers.js";
import { asTier } from "./tier.js";
import type { TemplateFolders } from "./template-folders.js";
import { modelOf } from "./workspace-model.js";

const Names = Type.Optional(Type.Array(Type.String(), { description: "Names of plugins" }));

/** JSON Schema of the body of POST /admin/env/preview: a workspace, or the fields of one to create. */
export const EnvPreviewSchema = Type.Composite([
  Type.Partial(CreateWorkspaceSchema),
  Type.Object({
    workspace_id: Type.Optional(Type.String({ pattern: UUID.source, description: "the id of a workspace" })),
    enable: Names,
    disable: Names,
  }),
]);

/** What differs from the environment that the workspace would get now. Secret values are masked. */
export interface EnvDifference {
  readonly added: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
  readonly changed: Readonly<Record<string, { readonly before: string; readonly after: string }>>;
}

/** Answer of POST /admin/env/preview. */
export interface EnvPreviewAnswer {
  readonly ok: boolean;
  /** Why the provision would fail, or null. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly ledger: EnvLedger;
  /** Null when either of the two runs fails. */
  readonly difference: EnvDifference | null;
}

/** What the preview works with. */
export interface EnvPreviewServices {
  readonly kernel: Kernel;
  readonly runtime: ContainerRuntime;
  readonly workspaces: WorkspaceStore;
  readonly templates: readonly WorkspaceTemplate[];
  readonly folders: Pick<TemplateFolders, "read">;
  readonly vault: SecretVault;
  readonly masker: SecretMasker;
  readonly log: Logger;
  readonly platformUrl: () => string;
}

type Subject = Pick<
  WorkspaceRow,
  "id" | "name" | "role" | "tier" | "runtime" | "model" | "parent_id" | "attempt"
>;

/** Ms for asking the container runtime after the image's environment. */
const BASE_TIMEOUT_MS = 10_000;
/** Stands for a workspace that does not exist. */
const IMAGINED_ID = "00000000-0000-4000-8000-000000000000";

const check = compileSchema(EnvPreviewSchema);

/** Shows what a workspace would boot with, with plugins switched on or off; starts and changes nothing. */
export class EnvPreview {
  readonly #services: EnvPreviewServices;

  constructor(services: EnvPreviewServices) {
    this.#services = services;
  }

  /**
   * @throws INVALID_WORKSPACE_PAYLOAD, WORKSPACE_NOT_FOUND, UNKNOWN_RUNTIME, PLUGIN_UNKNOWN, PLUGIN_TRIAL_FAILED,
   * SECRETS_UNREADABLE, INVALID_TEMPLATE, and those of {@link parseCreateRequest}
   */
  async preview(body: unknown): Promise<EnvPreviewAnswer> {
    const checked = check(body);
    if (!checked.ok)
      throw workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults: withoutSecrets(checked.faults) });
    const { workspace_id: workspaceId, enable = [], disable = [] } = checked.value;
    const subject = await (workspaceId === undefined ? this.#imagined(body) : this.#existing(workspaceId));
    const given = workspaceId === undefined ? (checked.value.secrets ?? {}) : {};
    const layers = await this.#layers(subject, given);
    const releases: (() => void)[] = [];
    const onSecret = (value: string) => void releases.push(this.#services.masker.add(value));
    try {
      const now = await this.#run(subject, layers, { enable: [], disable: [] }, onSecret);
      const changed = await this.#run(subject, layers, { enable, disable }, onSecret);
      return this.#answer(now, changed);
    } finally {
      for (const release of releases) release();
    }
  }

  async #existing(workspaceId: string): Promise<Subject> {
    const row = await this.#services.workspaces.get(workspaceId);
    if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    return { ...row, model: (await modelOf(row, this.#services.folders)).model || null };
  }

  #imagined(body: unknown): Promise<Subject> {
    const request = parseCreateRequest(body);
    const runtime = request.runtime ?? DEFAULT_RUNTIME;
    return Promise.resolve({
      id: IMAGINED_ID,
      name: request.name,
      role: request.role ?? null,
      tier: asTier(request.tier ?? null),
      runtime,
      model: request.model ?? null,
      parent_id: request.parent_id ?? null,
      attempt: 1,
    });
  }

  /** @param given secrets that an imagined workspace would be created with */
  async #layers(subject: Subject, given: Readonly<Record<string, string>>): Promise<EnvLayer[]> {
    const { runtime, templates, vault, log, platformUrl } = this.#services;
    const template = templates.find((each) => each.name === subject.runtime);
    if (template === undefined) {
      const known = templates.map((each) => each.name);
      throw workspaceErrors.UNKNOWN_RUNTIME({ runtime: subject.runtime, known });
    }
    const call = { signal: AbortSignal.timeout(BASE_TIMEOUT_MS), log };
    const base = await runtime.baseEnvironment(template, call, { localOnly: true });
    const { global, workspace } = await vault.valuesFor(subject.id);
    return environmentLayers({
      row: subject,
      secrets: { global, workspace: { ...workspace, ...given } },
      base,
      fileRoot: runtime.fileRoot(subject.id),
      platformUrl: platformUrl(),
    });
  }

  #run(
    subject: Subject,
    layers: readonly EnvLayer[],
    changes: { readonly enable: readonly string[]; readonly disable: readonly string[] },
    onSecret: (value: string) => void,
  ): Promise<ChainResult> {
    const { id, parent_id: parentId, ...facts } = subject;
    return this.#services.kernel.previewChain(
      {
        layers,
        facts: { ...facts, workspaceId: id, parentId, dryRun: true },
        fileRoot: this.#services.runtime.fileRoot(id),
        signal: AbortSignal.timeout(PREVIEW_TIMEOUT_MS),
        onSecret,
      },
      changes,
    );
  }

  #answer(now: ChainResult, changed: ChainResult): EnvPreviewAnswer {
    const { masker } = this.#services;
    return {
      ok: changed.ok,
      error: changed.ok ? null : { code: changed.error.code, message: masker.mask(changed.error.message) },
      ledger: changed.ledger(),
      difference: now.ok && changed.ok ? difference(now, changed, (text) => masker.mask(text)) : null,
    };
  }
}

/** Ms for one run of the chain in a preview: the chain's own bound, and slack. */
const PREVIEW_TIMEOUT_MS = 65_000;

type Succeeded = Extract<ChainResult, { readonly ok: true }>;

function difference(before: Succeeded, after: Succeeded, mask: (text: string) => string): EnvDifference {
  const secretKeys = new Set([...before.secrets, ...after.secrets].map((secret) => secret.key));
  const shown = (key: string, value: string) => (secretKeys.has(key) ? MASK : mask(value));
  const added: [string, string][] = [];
  const changed: [string, { before: string; after: string }][] = [];
  for (const [key, value] of after.env) {
    const earlier = before.env.get(key);
    if (earlier === undefined) added.push([key, shown(key, value)]);
    else if (earlier !== value)
      changed.push([key, { before: shown(key, earlier), after: shown(key, value) }]);
  }
  return {
    added: Object.fromEntries(added),
    removed: [...before.env.keys()].filter((key) => !after.env.has(key)),
    changed: Object.fromEntries(changed),
  };
}
