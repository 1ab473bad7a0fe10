import { errors } from "../../errors.js";
import { RecordingDraft } from "../../hooks/env-mutators/draft.js";
import type { ProvisionFacts } from "../../hooks/env-mutators/mutator-context.js";
import type { EnvMutator, ProvisionContext } from "../../hooks/env-mutators/types.js";
import type { Disposer } from "../../hooks/registry.js";
import type { PluginEntry } from "../manifest-schema.js";
import { validateConfig } from "../phases.js";
import type { SetUpInputs } from "../set-up.js";
import { IsolatedPlugin } from "./isolated-plugin.js";
import { fromOutcome, fromThrown, type MutatorInfo } from "./protocol.js";

/**
 * Sets a plugin up in a worker thread, and adds a proxy of each of its mutators to the shared registry. The worker
 * is given the environment as far as the plugin may read it, and gives back recorded edits, which are made again
 * here under the host's rules. Contains the plugin's faults; is no security boundary.
 * @throws what `setUpPlugin` throws, PLUGIN_ISOLATION_UNSUPPORTED, PLUGIN_WORKER_CRASHED
 */
export async function setUpIsolated(entry: PluginEntry, inputs: SetUpInputs): Promise<void> {
  const { scope, clock, onTiming, registries } = inputs;
  const withdrawals = new Map<string, Disposer>();
  const isolated = new IsolatedPlugin({
    entry,
    manifestDir: inputs.manifestDir,
    clock,
    log: inputs.log,
    onWithdrawn: (mutator) => withdrawals.get(mutator)?.(),
  });
  // Called last: also where the disposers in the worker hang, or the setup fails.
  scope.ownDisposer(() => isolated.terminate());
  const importStarted = clock.monotonic();
  const { version, schema } = await isolated.load();
  const validateStarted = clock.monotonic();
  inputs.onVersion(version);
  onTiming({ import_ms: validateStarted - importStarted });
  const config = validateConfig(entry, parseSchema(schema));
  const setupStarted = clock.monotonic();
  onTiming({ validate_ms: setupStarted - validateStarted });
  let mutators: readonly MutatorInfo[];
  try {
    mutators = await isolated.setUp(config);
  } finally {
    onTiming({ setup_ms: clock.monotonic() - setupStarted });
  }
  scope.ownDisposer(() => isolated.dispose());
  scope.assertOpen();
  const owner = { plugin: entry.name, version, order: inputs.order };
  for (const info of mutators) {
    const withdraw = registries.envMutators.add(proxyOf(info, isolated, entry.name), owner);
    scope.ownContribution(withdraw);
    withdrawals.set(info.name, withdraw);
  }
}

/** A mutator that has its work done by the one of the same name in the worker. */
function proxyOf({ name, hasToken }: MutatorInfo, isolated: IsolatedPlugin, plugin: string): EnvMutator {
  const mutator: EnvMutator = {
    name,
    mutate: async (env, ctx) => {
      if (!(env instanceof RecordingDraft)) {
        throw errors.PLUGIN_ISOLATION_UNSUPPORTED({
          plugin,
          what: "editing a draft that is not the chain's",
        });
      }
      const { signal } = ctx;
      const options = {
        signal,
        log: () => ctx.log,
        // Marking it on the chain's draft makes it known.
        onSecret: (value: string) => void env.secret(value),
      };
      const outcome = await isolated.call(signal, (worker) =>
        worker.mutate(name, env.visible(), env.fileRoot, factsOf(ctx), options),
      );
      // Its time was over: the chain has closed the draft and gone on.
      if (signal.aborted) return;
      env.replay(fromOutcome(outcome));
      if (outcome.thrown !== undefined) throw fromThrown(outcome.thrown);
    },
  };
  if (!hasToken) return mutator;
  return {
    ...mutator,
    token: ({ workspaceId, signal }) =>
      isolated.call(signal, (worker) => worker.token(name, workspaceId, signal)),
  };
}

/** The facts of a provision as plain data: a context is a class with a signal and a logger, which can't be sent. */
function factsOf(ctx: ProvisionContext): ProvisionFacts {
  const { workspaceId, name, role, runtime, tier, parentId, attempt, dryRun } = ctx;
  return { workspaceId, name, role, runtime, tier, parentId, attempt, dryRun };
}

function parseSchema(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  const schema: unknown = JSON.parse(text);
  return typeof schema === "object" && schema !== null ? { ...schema } : {};
}
