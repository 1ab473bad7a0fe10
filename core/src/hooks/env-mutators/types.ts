import type { Logger } from "../../ports/logger.js";
import type { LaunchFile, Tier } from "../../ports/container-runtime.js";

/** The tag of a {@link SecretValue}. */
export const SECRET_VALUE_TYPE = "@molecule/secret-value";

/** A value that is masked wherever it could be seen. Made by `draft.secret()`. */
export interface SecretValue {
  readonly $$type: typeof SECRET_VALUE_TYPE;
  readonly value: string;
  /** When it stops being valid; a reused edit is never older than this. */
  readonly expiresAt?: Date | undefined;
}

/** What an edit sets a variable to. */
export type EnvValue = string | SecretValue;

/**
 * The environment of one provision, as one mutator sees and edits it. Edits are recorded, not applied: those of
 * a mutator take effect together when it has finished, or not at all.
 */
export interface EnvDraft {
  /** The value as the image, the layers, earlier mutators and this one's own edits make it. */
  get(key: string): string | undefined;
  has(key: string): boolean;
  /** The names that {@link EnvDraft.has} is true for, in order of first appearance. */
  keys(): string[];
  set(key: string, value: EnvValue): void;
  /** Sets the variable unless it is there already; an empty value counts as there. */
  setDefault(key: string, value: EnvValue): void;
  /** Puts `value` and the separator (`:`) before the present value; sets it when there is none. */
  prepend(key: string, value: string, separator?: string): void;
  /** Puts the separator (`:`) and `value` after the present value; sets it when there is none. */
  append(key: string, value: string, separator?: string): void;
  unset(key: string): void;
  /** Marks `value` as secret; give the result to {@link EnvDraft.set} or {@link EnvDraft.setDefault}. */
  secret(value: string, options?: { expiresAt?: Date }): SecretValue;
  /** Files that the workspace must find before its process starts. */
  readonly files: {
    /**
     * Adds a file, replacing one that an earlier mutator added at the same path.
     * @returns the path as the workspace's process sees it; use this one in variables.
     */
    add(file: LaunchFile): string;
  };
}

/** What a provision is for. */
export interface ProvisionContext {
  readonly workspaceId: string;
  readonly name: string;
  readonly role: string | null;
  /** Name of the workspace's template, e.g. `claude-code`. */
  readonly runtime: string;
  readonly tier: Tier;
  readonly parentId: string | null;
  readonly attempt: number;
  /** True in a preview: nothing will be started. Do nothing that costs or can be seen outside. */
  readonly dryRun: boolean;
  /** Aborts when the mutator's time is over or the provision is given up. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** An installation token and when it ends. */
export interface InstallationToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Changes the environment that a workspace boots with. */
export interface EnvMutator {
  /** Unique in the registry. */
  readonly name: string;
  mutate(env: EnvDraft, ctx: ProvisionContext): void | Promise<void>;
  /** Offers a fresh token to a running workspace; the first mutator that has this backs the endpoints. */
  token?(ctx: {
    readonly workspaceId: string | null;
    readonly signal: AbortSignal;
  }): Promise<InstallationToken>;
}
