import { join } from "node:path";
import { readAgentCard, type AgentCard } from "./agent-card.js";
import { sleep, type Clock } from "./clock.js";
import type { AgentConfig } from "./config.js";
import { Delivery, type Message, type Outcome } from "./delivery.js";
import type { Log } from "./log.js";
import { renderPage } from "./page.js";
import { PlatformClient } from "./platform-client.js";
import { jsonReply, startServer, type Routes, type RunningServer } from "./server.js";
import { TokenFile } from "./token-file.js";

/** What the agent runs with. */
export interface AgentOptions {
  readonly config: AgentConfig;
  /** Names of the environment's variables; the agent is given no values to leak. */
  readonly envNames: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the agent at once. */
  readonly signal: AbortSignal;
}

/** How an agent's life ended; `unserved` is a port that could not be had. */
export type Ending = Exclude<Outcome, "delivered"> | "unserved";

/** Serves, registers and sends heartbeats until the workspace is removed, the platform refuses it or `signal` aborts. */
export async function runAgent(options: AgentOptions): Promise<Ending> {
  const { config, clock, log, signal } = options;
  const startedAt = clock.monotonic();
  const uptimeSeconds = () => Math.floor((clock.monotonic() - startedAt) / 1000);
  const card = await readAgentCard(config.configDir);

  const server = await serve(options, card, uptimeSeconds);
  if (server === null) return "unserved";
  try {
    const tokenFile = new TokenFile(join(config.configDir, ".auth_token"), log);
    await tokenFile.reload();
    const client = new PlatformClient({ baseUrl: config.platformUrl, clock });
    const delivery = new Delivery({ client, tokenFile, clock, log });

    let outcome = await delivery.send(registration(config, server.port, card), signal);
    if (outcome === "delivered") log(`registered with ${config.platformUrl} as ${config.workspaceId}`);
    while (outcome === "delivered") {
      await sleep(clock, config.heartbeatMs, signal);
      outcome = signal.aborted ? "stopped" : await delivery.send(heartbeat(config, uptimeSeconds), signal);
    }
    return outcome;
  } finally {
    await server.close();
  }
}

async function serve(
  { config, envNames, log }: AgentOptions,
  card: AgentCard,
  uptimeSeconds: () => number,
): Promise<RunningServer | null> {
  const { port, workspaceId } = config;
  const page = () => renderPage({ workspaceId, name: card.name, uptimeSeconds: uptimeSeconds(), envNames });
  const routes: Routes = new Map([
    ["/", () => ({ status: 200, contentType: "text/html; charset=utf-8", body: page() })],
    ["/health", () => jsonReply({ status: "ok" })],
    ["/env-names", () => jsonReply(envNames)],
  ]);
  // A port of its own choice is that of a process on somebody's machine: nothing from outside has business there.
  const host = port === 0 ? "127.0.0.1" : "0.0.0.0";
  try {
    const server = await startServer(routes, { host, port });
    log(`serving on http://localhost:${server.port}`);
    return server;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log(`AGENT_PORT ${port} can't be served: ${reason}; free it or give another one (0 picks one)`);
    return null;
  }
}

/** The body of `POST /registry/register`. In a container the platform knows the published address better. */
function registration({ workspaceId }: AgentConfig, port: number, card: AgentCard): Message {
  return {
    name: "register",
    path: "/registry/register",
    body: () => ({ id: workspaceId, url: `http://localhost:${port}`, agent_card: card }),
  };
}

/** The body of `POST /registry/heartbeat`. This agent takes no tasks, so none are active and none fail. */
function heartbeat({ workspaceId }: AgentConfig, uptimeSeconds: () => number): Message {
  return {
    name: "heartbeat",
    path: "/registry/heartbeat",
    body: () => ({
      workspace_id: workspaceId,
      error_rate: 0,
      sample_error: "",
      active_tasks: 0,
      current_task: "",
      uptime_seconds: uptimeSeconds(),
    }),
  };
}
