import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { topLevelScalars } from "./yaml-scalars.js";

/** What the agent says of itself when it registers. */
export interface AgentCard {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** This agent has none: it only shows that it lives. */
  readonly skills: readonly never[];
}

const DEFAULTS = {
  name: "Demo agent",
  description: "A small agent that registers, sends heartbeats and shows its environment",
  version: "1.0.0",
} as const;

/** The card by the `config.yaml` in `configDir`; what is not given there, or no file at all, falls back to a default. */
export async function readAgentCard(configDir: string): Promise<AgentCard> {
  const yaml = await readFile(join(configDir, "config.yaml"), "utf8").catch(() => "");
  const scalars = topLevelScalars(yaml);
  const textOf = (key: keyof typeof DEFAULTS) => {
    const text = scalars.get(key) ?? "";
    return text === "" ? DEFAULTS[key] : text;
  };
  return { name: textOf("name"), description: textOf("description"), version: textOf("version"), skills: [] };
}
