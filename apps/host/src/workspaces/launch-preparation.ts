import type {
  ContainerRuntime,
  EnvLedger,
  Kernel,
  LaunchFile,
  LaunchSpec,
  RuntimeCall,
  WorkspaceTemplate,
} from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import type { ImageChoice } from "../images/image-choice.js";
import type { Database } from "../storage/database.js";
import type { EventLog } from "../storage/event-log.js";
import type { EnvLedgerStore } from "../storage/env-ledger-store.js";
import type { WorkspaceRow } from "../storage/schema.js";
import type { TokenStore } from "../storage/token-store.js";
import type { SecretVault } from "../secrets/secret-vault.js";
import { environmentLayers } from "./environment-layers.js";
import { generatedConfig, mergeFiles, templateFiles, tokenFile } from "./launch-files.js";
import { PluginFailure } from "./plugin-failure.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";
import type { TemplateFolders } from "./template-folders.js";

/** Whose failure a layer's is. */
const HOST = "host";

/** What preparation works with. */
export interface PreparationServices {
  readonly database: Database;
  readonly tokens: TokenStore;
  readonly ledgers: EnvLedgerStore;
  readonly events: EventLog;
  readonly kernel: Kernel;
  readonly runtime: ContainerRuntime;
  readonly templates: readonly WorkspaceTemplate[];
  readonly folders: TemplateFolders;
  readonly secrets: WorkspaceSecrets;
  readonly images: ImageChoice;
  readonly vault: SecretVault;
  /** What agents call. */
  readonly platformUrl: () => string;
}

/** The next attempt of a workspace whose current one still runs. */
export interface NextAttempt {
  readonly attempt: number;
  /** Reference or id of the image that it is to run. */
  readonly template: WorkspaceTemplate;
}

/** A workspace's own files, and what they say. */
interface Configs {
  readonly files: LaunchFile[];
  readonly requiredEnv: readonly string[];
  readonly model: string | null;
}

/** Makes a launch out of a row: token, layers, chain, preflight; in this order. */
export class LaunchPreparation {
  readonly #services: PreparationServices;

  constructor(services: PreparationServices) {
    this.#services = services;
  }

  /**
   * @returns what to launch, or null when the row has moved on meanwhile
   * @throws UNKNOWN_RUNTIME, SECRETS_UNREADABLE, REQUIRED_ENV_MISSING, TEMPLATE_UNREADABLE, ENV_LAYERS_INVALID;
   * {@link PluginFailure}
   */
  async prepare(row: WorkspaceRow, call: RuntimeCall): Promise<LaunchSpec | null> {
    const template = await this.#services.images.choose(row, this.template(row.runtime), call);
    return this.#spec(row, template, call, async () => {
      const token = await this.#issueToken(row);
      if (token !== null) this.#services.secrets.launch(row, token);
      return token;
    });
  }

  /**
   * The launch of the attempt that is to take the place of the row's. The tokens of that one stay valid.
   * @throws as {@link prepare}
   */
  async prepareNext(row: WorkspaceRow, next: NextAttempt, call: RuntimeCall): Promise<LaunchSpec | null> {
    const spec = await this.#spec({ ...row, attempt: next.attempt }, next.template, call, async () => {
      const token = await this.#issueNextToken(row.id, next.attempt);
      this.#services.secrets.add(row.id, token);
      return token;
    });
    return spec === null ? null : { ...spec, keepAttempt: row.attempt };
  }

  /** @throws UNKNOWN_RUNTIME */
  template(runtime: string): WorkspaceTemplate {
    const template = this.#services.templates.find((each) => each.name === runtime);
    if (template !== undefined) return template;
    throw workspaceErrors.UNKNOWN_RUNTIME({
      runtime,
      known: this.#services.templates.map((each) => each.name),
    });
  }

  async #spec(
    row: WorkspaceRow,
    template: WorkspaceTemplate,
    call: RuntimeCall,
    issueToken: () => Promise<string | null>,
  ): Promise<LaunchSpec | null> {
    const { runtime } = this.#services;
    const configs = await this.#configFiles(row);
    const base = await runtime.baseEnvironment(template, call);
    const token = await issueToken();
    if (token === null) return null;
    const chain = await this.#runChain({ ...row, model: configs.model }, base, call);
    assertRequired(configs.requiredEnv, chain.env);
    return {
      workspaceId: row.id,
      attempt: row.attempt,
      name: row.name,
      template,
      tier: row.tier,
      env: Object.fromEntries([...chain.env].filter(([key, value]) => base[key] !== value)),
      unsetEnv: Object.keys(base).filter((key) => !chain.env.has(key)),
      files: mergeFiles(configs.files, chain.files, [tokenFile(token)]),
      workspaceDir:
        row.workspace_dir === null || row.workspace_access === "none"
          ? undefined
          : { path: row.workspace_dir, readOnly: row.workspace_access === "read_only" },
      resetSession: row.reset_session,
    };
  }

  async #configFiles(row: WorkspaceRow): Promise<Configs> {
    const { model } = row;
    if (row.template === null) return { files: [generatedConfig(row)], requiredEnv: [], model };
    const folder = await this.#services.folders.read(row.template);
    const files = templateFiles(await this.#services.folders.files(folder), model);
    return { files, requiredEnv: folder.requiredEnv, model: model ?? folder.model };
  }

  /** Ends the tokens of earlier attempts and issues this one's, unless the row has moved on. */
  #issueToken(row: WorkspaceRow): Promise<string | null> {
    const { database, tokens } = this.#services;
    return database.db.transaction().execute(async (trx) => {
      const current = await trx
        .selectFrom("workspaces")
        .select("id")
        .where("id", "=", row.id)
        .where("attempt", "=", row.attempt)
        .where("status", "=", "provisioning")
        .forUpdate()
        .executeTakeFirst();
      if (current === undefined) return null;
      await tokens.revokeAll(trx, [row.id]);
      const { token } = await tokens.issue(trx, { workspaceId: row.id, attempt: row.attempt });
      return token;
    });
  }

  #issueNextToken(workspaceId: string, attempt: number): Promise<string> {
    const { database, tokens } = this.#services;
    return database.db.transaction().execute(async (trx) => {
      const { token } = await tokens.issue(trx, { workspaceId, attempt });
      return token;
    });
  }

  async #runChain(row: WorkspaceRow, base: Readonly<Record<string, string>>, call: RuntimeCall) {
    const { kernel, runtime, secrets, ledgers, database, vault, platformUrl } = this.#services;
    const fileRoot = runtime.fileRoot(row.id);
    const values = await vault.valuesFor(row.id);
    const result = await kernel.runChain({
      layers: environmentLayers({ row, base, fileRoot, platformUrl: platformUrl(), secrets: values }),
      mutators: kernel.registries.envMutators.entries(),
      facts: {
        workspaceId: row.id,
        name: row.name,
        role: row.role,
        runtime: row.runtime,
        tier: row.tier,
        parentId: row.parent_id,
        attempt: row.attempt,
        dryRun: false,
      },
      fileRoot,
      signal: call.signal,
      onSecret: (value) => {
        secrets.add(row.id, value);
      },
    });
    const ledger = result.ledger();
    await ledgers.save(database.db, row.id, row.attempt, ledger);
    await this.#tellFallbacks(row.id, ledger);
    if (!result.ok)
      throw result.plugin === HOST ? result.error : new PluginFailure(result.plugin, result.error);
    return result;
  }

  /** A plugin that failed without failing the provision is told as an event of its own. */
  async #tellFallbacks(workspaceId: string, { mutators, attempt }: EnvLedger): Promise<void> {
    const fallbacks = mutators.filter(({ outcome }) => outcome === "skipped" || outcome === "last-good");
    if (fallbacks.length === 0) return;
    await this.#services.events.transact((_trx, emit) => {
      for (const { plugin, mutator, outcome, error } of fallbacks) {
        const payload = { plugin, mutator, outcome, error: error?.message ?? "", attempt };
        emit({ type: "ENV_MUTATOR_FAILED", workspaceId, payload });
      }
      return Promise.resolve();
    });
  }
}

/** @throws REQUIRED_ENV_MISSING naming all that are missing or empty, in the order they are required */
function assertRequired(required: readonly string[], env: ReadonlyMap<string, string>): void {
  const missing = required.filter((key) => (env.get(key) ?? "") === "");
  if (missing.length > 0) throw workspaceErrors.REQUIRED_ENV_MISSING({ missing });
}
