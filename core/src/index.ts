export { Type, type Static, type TSchema } from "@sinclair/typebox";

export {
  CodedError,
  defineErrors,
  formatFaults,
  isCodedError,
  messageOf,
  type ErrorDetails,
  type ErrorFactory,
  type Fault,
} from "./coded-error.js";

export {
  definePlugin,
  type Plugin,
  type PluginContext,
  type PluginDefinition,
  type PluginStage,
} from "./plugins/define-plugin.js";
export type { Disposer, ContributionOwner, Registered } from "./hooks/registry.js";
export { EnvMutatorRegistry } from "./hooks/env-mutators/registry.js";
export { PROTECTED_KEYS } from "./hooks/env-mutators/limits.js";
export type {
  EnvDraft,
  EnvMutator,
  EnvValue,
  InstallationToken,
  ProvisionContext,
  SecretValue,
} from "./hooks/env-mutators/types.js";
export type { BootStage, BootTask, BootTaskContext } from "./hooks/boot-tasks/types.js";
export type { EnvOrigin } from "./hooks/boot-tasks/env-draft.js";
export type { BackgroundLoop, TickContext } from "./hooks/background-loops/types.js";

export { CLOCK, sleep, systemClock, type Cancel, type Clock } from "./ports/clock.js";
export { clockJump, ClockWatch, type ClockReading } from "./util/clock-watch.js";
export { LOGGER, silentLogger, type LogFields, type Logger } from "./ports/logger.js";
export {
  CONTAINER_RUNTIME,
  type AttemptPresence,
  type ContainerReplacement,
  type ContainerRuntime,
  type ContainerRuntimeKind,
  type ImageIdentity,
  type LaunchFile,
  type LaunchedWith,
  type LaunchResult,
  type LaunchSpec,
  type Presence,
  type RuntimeCall,
  type RuntimeHealth,
  type Tier,
  type WorkspaceTemplate,
} from "./ports/container-runtime.js";
export {
  ENGINE_INVENTORY,
  type EngineContainer,
  type EngineInventory,
  type EngineListing,
  type EngineVolume,
  type ObjectOwner,
} from "./ports/engine-inventory.js";
export {
  ORPHAN_EXAMINERS,
  OWNER_RECORDS,
  PROVISION_DEADLINES,
  WORKSPACE_HEALTH,
  type AttemptOfWorkspace,
  type LeftoverProvision,
  type OrphanExaminers,
  type OrphanFinding,
  type OrphanReport,
  type OwnerReading,
  type OwnerRecords,
  type OwnerRow,
  type PendingProvision,
  type ProvisionDeadlines,
  type SweepFuse,
  type SweepLease,
  type WatchedWorkspace,
  type WorkspaceHealth,
} from "./ports/sweeps.js";
export {
  WORKSPACE_IMAGES,
  type ImageCheck,
  type ImageCheckCall,
  type ImageCheckOutcome,
  type WorkspaceImages,
} from "./ports/images.js";
export { LOOP_LEASES } from "./ports/tokens.js";

export { Kernel, type KernelOptions } from "./kernel.js";
export type { ChainRunSummary, KernelObserver } from "./kernel-observer.js";
export { BootReport, type BootEntry } from "./boot-report.js";
export { parseManifest, readManifest, type Manifest } from "./plugins/manifest.js";
export type { PluginEntry } from "./plugins/manifest-schema.js";
export { computeIntegrity } from "./plugins/isolation/integrity.js";
export type { PluginState, PluginStatus, PluginTimings } from "./plugins/plugin-status.js";
export type { WriteConflict } from "./plugins/write-conflicts.js";
export type { HookFigures, HookName } from "./plugins/hook-stats.js";
export type { LoopAction } from "./hooks/background-loops/supervisor.js";
export type { LoopState, LoopStatus } from "./hooks/background-loops/liveness.js";
export type { TickReport, TickRun } from "./hooks/background-loops/loop-runner.js";
export type { TaskRun } from "./hooks/boot-tasks/run-stage.js";
export { soleHostLeases, type LeaseProvider, type LoopLease } from "./hooks/background-loops/lease.js";
export {
  runEnvChain,
  type ChainInput,
  type ChainMutator,
  type ChainResult,
  type ChainServices,
} from "./hooks/env-mutators/chain.js";
export type { ChainSecret } from "./hooks/env-mutators/journal.js";
export type { EnvLayer } from "./hooks/env-mutators/layers.js";
export type { TokenRequest } from "./hooks/env-mutators/token-provider.js";
export type { FailurePolicy, MutatorPolicy } from "./hooks/env-mutators/policy.js";
export type {
  EnvLedger,
  LedgerConflict,
  LedgerEntry,
  LedgerFile,
  LedgerWriter,
  MutatorRun,
  ObservedRun,
} from "./hooks/env-mutators/ledger.js";
export { MASK, SecretMasker } from "./masking/secret-masker.js";
export {
  compileSchema,
  compileValidator,
  type Checked,
  type JsonSchema,
  type Validator,
} from "./schema/validate.js";
