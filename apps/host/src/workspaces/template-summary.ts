import { field, listField, tierField, textField } from "./config-fields.js";
import { asTier } from "./tier.js";

/** A template as GET /templates shows it; api.md §5. */
export interface TemplateSummary {
  /** The folder's name, which a create request names. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tier: number;
  readonly runtime: string;
  readonly model: string;
  readonly models?: readonly unknown[];
  readonly required_env?: readonly string[];
  readonly skills: readonly string[];
  readonly skill_count: number;
  /** The deadline of its runtime, which is the one that its workspaces are held to. */
  readonly provision_timeout_seconds?: number;
}

/** The deadline of a provision that a runtime declares, in seconds; null when it declares none. */
export type DeclaredSeconds = (runtime: string) => number | null;

/** @param config a parsed `config.yaml` */
export function templateSummary(
  id: string,
  config: unknown,
  declaredSeconds: DeclaredSeconds,
): TemplateSummary {
  const runtimeConfig = field(config, "runtime_config");
  const skills = listField(config, "skills");
  const requiredEnv = listField(runtimeConfig, "required_env");
  const models = field(runtimeConfig, "models") ?? field(config, "models");
  const runtime = textField(config, "runtime") ?? "";
  const timeout = declaredSeconds(runtime);
  return {
    id,
    name: textField(config, "name") ?? id,
    description: textField(config, "description") ?? "",
    tier: asTier(tierField(config, "tier")),
    runtime,
    model: textField(config, "model") ?? textField(runtimeConfig, "model") ?? "",
    ...(Array.isArray(models) ? { models } : {}),
    ...(requiredEnv.length === 0 ? {} : { required_env: requiredEnv }),
    skills,
    skill_count: skills.length,
    ...(timeout === null ? {} : { provision_timeout_seconds: timeout }),
  };
}
