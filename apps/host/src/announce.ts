import type { Kernel, Logger } from "@molecule/core";
import type { HostConfig } from "./config/config.js";

/** Tells what booted, where it listens and what to do next. */
export function announce(facts: {
  readonly log: Logger;
  readonly kernel: Kernel;
  readonly config: HostConfig;
  readonly url: string;
  readonly port: number;
  readonly startedMs: number;
}): void {
  const { log, kernel, config, url, port } = facts;
  log.info(kernel.report.render());
  log.info(`env-mutator chain: [${kernel.registries.envMutators.names().join(" ")}]`);
  log.info("listening", { url, port, host: config.host, boot_ms: Math.round(facts.startedMs) });
  if (config.environment !== "development") return;
  log.info(
    [
      `the canvas is at ${url}`,
      "create a workspace:",
      `  curl -s -X POST ${url}/workspaces -H 'Content-Type: application/json' \\`,
      `    -d '{"name":"Hello","runtime":"demo","role":"pmm-lead"}'`,
      "watch it come online:",
      `  curl -s ${url}/workspaces`,
    ].join("\n"),
  );
}
