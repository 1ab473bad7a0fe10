import { randomUUID } from "node:crypto";
import {
  silentLogger,
  type ContainerRuntime,
  type LaunchFile,
  type LaunchResult,
  type LaunchSpec,
  type RuntimeCall,
  type WorkspaceTemplate,
} from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";

/** How a probe workspace starts: it runs the script that the launch has put among its files. */
export const PROBE_COMMAND = ["sh", "-c", 'exec sh "$WORKSPACE_CONFIG_PATH/run.sh"'] as const;

/**
 * A script's last lines: says `ready` and runs until it is told to end. As PID 1 a shell ignores signals that it
 * has no trap for, so stop it only when it is ready.
 */
export const UNTIL_STOPPED = "trap 'exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n";

/** A call that nobody gives up. */
export function patientCall(): RuntimeCall {
  return { signal: AbortSignal.timeout(60_000), log: silentLogger };
}

/** A launch of `script`; `changes` stand over what is made up here. */
export function probeSpec(
  runtime: ContainerRuntime,
  template: WorkspaceTemplate,
  script: string,
  changes: Partial<LaunchSpec> = {},
): LaunchSpec {
  const workspaceId = changes.workspaceId ?? randomUUID();
  const run: LaunchFile = { path: "/configs/run.sh", mode: 0o755, content: script };
  return {
    workspaceId,
    attempt: 1,
    name: "Probe",
    template,
    tier: 2,
    unsetEnv: [],
    resetSession: false,
    ...changes,
    files: [run, ...(changes.files ?? [])],
    env: { WORKSPACE_CONFIG_PATH: `${runtime.fileRoot(workspaceId)}/configs`, ...changes.env },
  };
}

/** Launches a script that ends with {@link UNTIL_STOPPED} and waits for it. */
export async function launchReady(
  runtime: ContainerRuntime,
  spec: LaunchSpec,
): Promise<LaunchResult & { readonly log: string }> {
  const result = await runtime.launch(spec, patientCall());
  return { ...result, log: await logWith(runtime, spec.workspaceId, "ready\n") };
}

/** The workspace's log as soon as it holds `text`. */
export async function logWith(runtime: ContainerRuntime, workspaceId: string, text: string): Promise<string> {
  return await eventually(
    async () => {
      const log = (await runtime.logs(workspaceId, 1000, patientCall())) ?? "";
      if (!log.includes(text)) throw new Error(`the log is: ${log}`);
      return log;
    },
    { what: `a log with ${JSON.stringify(text)}` },
  );
}

/** What a promise rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<Error & { readonly code?: unknown }> {
  const settled = await work.then(
    () => "a success",
    (error: unknown) => error,
  );
  if (settled instanceof Error) return settled;
  throw new Error(`expected a failure, but there was ${String(settled)}`);
}
