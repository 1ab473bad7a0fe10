import { compileSchema, Type, type Checked, type Static } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";

/** JSON Schema of the body of POST /registry/register; api.md §8. */
export const RegisterSchema = Type.Object({
  id: Type.String({ format: "uuid" }),
  url: Type.String({ minLength: 1, maxLength: 2048 }),
  agent_card: Type.Record(Type.String(), Type.Unknown()),
});

/** JSON Schema of the body of POST /registry/update-card; api.md §8. */
export const UpdateCardSchema = Type.Object({
  workspace_id: Type.String({ format: "uuid" }),
  agent_card: Type.Record(Type.String(), Type.Unknown()),
});

/** JSON Schema of the body of POST /registry/heartbeat; api.md §8. */
export const HeartbeatSchema = Type.Object({
  workspace_id: Type.String({ format: "uuid" }),
  error_rate: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  sample_error: Type.Optional(Type.String()),
  active_tasks: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  current_task: Type.Optional(Type.String()),
  uptime_seconds: Type.Optional(Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  monthly_spend: Type.Optional(Type.Number({ description: "Cents, clamped to 0…1e12; 0 is no update" })),
  runtime_state: Type.Optional(Type.String({ description: '"wedged" degrades the workspace' })),
});

/** Body of POST /registry/register. */
export type RegisterRequest = Static<typeof RegisterSchema>;
/** Body of POST /registry/update-card. */
export type UpdateCardRequest = Static<typeof UpdateCardSchema>;
/** Body of POST /registry/heartbeat. */
export type HeartbeatRequest = Static<typeof HeartbeatSchema>;

const checkRegister = compileSchema(RegisterSchema);
const checkUpdateCard = compileSchema(UpdateCardSchema);
const checkHeartbeat = compileSchema(HeartbeatSchema);

/** @throws INVALID_REGISTRATION with every fault */
export function parseRegister(body: unknown): RegisterRequest {
  return accepted(checkRegister(body));
}

/** @throws INVALID_REGISTRATION with every fault */
export function parseUpdateCard(body: unknown): UpdateCardRequest {
  return accepted(checkUpdateCard(body));
}

/** @throws INVALID_REGISTRATION with every fault */
export function parseHeartbeat(body: unknown): HeartbeatRequest {
  return accepted(checkHeartbeat(body));
}

function accepted<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  throw workspaceErrors.INVALID_REGISTRATION({ faults: checked.faults });
}
