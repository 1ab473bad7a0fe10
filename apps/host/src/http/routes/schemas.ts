import { Type, type TSchema } from "@molecule/core";
import { WORKSPACE_STATUSES } from "../../storage/schema.js";
import type { ResponseSpec } from "../define-route.js";
import { data, exactly, nullable, text, time, uuid } from "./schema-parts.js";

/** Body of every error; api.md, preamble. */
export const ErrorSchema = Type.Object(
  {
    error: Type.String({ description: "For people: what was found, what is allowed, what to do" }),
    faults: Type.Optional(
      Type.Array(Type.Object({ path: text, found: text, allowed: text }, exactly), {
        description: "Every fault of the input",
      }),
    ),
    retry_after: Type.Optional(Type.Integer({ description: "Seconds" })),
    code: Type.String({ description: "For programs: does not change" }),
  },
  exactly,
);

const common = {
  id: uuid,
  name: text,
  role: nullable(text),
  tier: Type.Integer({ minimum: 1, maximum: 4 }),
  status: Type.Union(WORKSPACE_STATUSES.map((status) => Type.Literal(status))),
  agent_card: nullable(data),
  url: Type.String({ description: "Empty while there is none" }),
  parent_id: nullable(uuid),
  active_tasks: Type.Integer(),
  max_concurrent_tasks: Type.Integer(),
  last_error_rate: Type.Number(),
  uptime_seconds: Type.Integer(),
  runtime: text,
  x: Type.Number(),
  y: Type.Number(),
  collapsed: Type.Boolean(),
  provision_timeout_ms: Type.Optional(
    Type.Integer({ description: "There when the runtime declares a deadline" }),
  ),
};

/** Element of GET /workspaces; api.md §4. */
export const WorkspaceListItemSchema = Type.Object(
  {
    ...common,
    last_sample_error: text,
    current_task: text,
    workspace_dir: nullable(text),
    monthly_spend: Type.Integer({ description: "Cents" }),
    budget_limit: nullable(Type.Integer({ description: "Cents" })),
    budget_used: Type.Integer({ description: "Cents; the same as monthly_spend" }),
  },
  exactly,
);

/** Answer of GET /workspaces/:id; api.md §4. */
export const WorkspaceDetailSchema = Type.Object({ ...common, last_outbound_at: nullable(time) }, exactly);

/** Answer of POST /workspaces; api.md §6. */
export const WorkspaceCreatedSchema = Type.Union([
  Type.Object({ id: uuid, status: Type.Literal("provisioning"), workspace_access: text }, exactly),
  Type.Object({ id: uuid, external: Type.Literal(true), status: Type.Literal("online") }, exactly),
  Type.Object(
    { id: uuid, external: Type.Literal(true), status: Type.Literal("awaiting_agent"), connection: data },
    exactly,
  ),
]);

/** Answers of DELETE /workspaces/:id; api.md §7. */
export const WorkspaceDeletedSchema = Type.Object(
  {
    status: Type.Union([Type.Literal("removed"), Type.Literal("purged")]),
    cascade_deleted: Type.Integer(),
  },
  exactly,
);
export const DeleteUnconfirmedSchema = Type.Object(
  {
    status: Type.Literal("confirmation_required"),
    message: text,
    children: Type.Array(Type.Object({ id: uuid, name: text }, exactly)),
    children_count: Type.Integer(),
  },
  exactly,
);
export const StopFailedSchema = Type.Object({
  error: text,
  removed_count: Type.Integer(),
  stop_failures: Type.Integer(),
});

/** Answer of GET /workspaces/:id/state. */
export const StateSchema = Type.Object(
  { workspace_id: uuid, status: text, paused: Type.Boolean(), deleted: Type.Literal(false) },
  exactly,
);
export const StateDeletedSchema = Type.Object({ workspace_id: uuid, deleted: Type.Literal(true) }, exactly);

/** Answer of GET /workspaces/:id/env: the kernel's ledger of the attempt. */
export const EnvLedgerSchema = Type.Object({
  workspace_id: uuid,
  attempt: Type.Integer(),
  created_at: time,
  variables: Type.Record(Type.String(), Type.Array(data), {
    description: "Every write of each variable, in order; secret values masked",
  }),
  conflicts: Type.Array(Type.Object({ key: text, plugins: Type.Array(text) }), {
    description: "Variables that several plugins set; the last one's value stands",
  }),
  files: Type.Array(data),
  mutators: Type.Array(data),
});

/** Element of GET /workspaces/:id/secrets and GET /settings/secrets. */
export const SecretSchema = Type.Object(
  {
    key: text,
    has_value: Type.Literal(true),
    scope: Type.Union([Type.Literal("workspace"), Type.Literal("global")]),
    created_at: time,
    updated_at: time,
  },
  exactly,
);

/** Answer to the change of a secret. */
export function SecretDoneSchema(status: "saved" | "deleted") {
  return Type.Object({ status: Type.Literal(status), key: text }, exactly);
}

/** Answer of GET /workspaces/:id/model. */
export const ModelSchema = Type.Object(
  {
    model: text,
    source: Type.Union([Type.Literal("workspace"), Type.Literal("template"), Type.Literal("default")]),
  },
  exactly,
);

/** Answer of GET /org/tokens. */
export const OrgTokensSchema = Type.Object(
  {
    tokens: Type.Array(
      Type.Object(
        {
          id: uuid,
          prefix: text,
          name: Type.Optional(text),
          created_at: time,
          last_used_at: Type.Optional(time),
        },
        exactly,
      ),
    ),
    count: Type.Integer(),
  },
  exactly,
);

/** Answer of POST /org/tokens. */
export const OrgTokenIssuedSchema = Type.Object(
  { id: uuid, prefix: text, name: Type.Optional(text), auth_token: text, warning: text },
  exactly,
);

/** Answer of GET /workspaces/:id/tokens. */
export const WorkspaceTokensSchema = Type.Object(
  {
    tokens: Type.Array(
      Type.Object({ id: uuid, prefix: text, created_at: time, last_used_at: nullable(time) }, exactly),
    ),
    count: Type.Integer(),
  },
  exactly,
);

/** Element of GET /events. */
export const EventSchema = Type.Object(
  {
    id: Type.Integer(),
    event_type: text,
    workspace_id: nullable(uuid),
    payload: data,
    created_at: time,
  },
  exactly,
);

/** Body of PUT, answer of GET /canvas/viewport. */
export const ViewportSchema = Type.Object({
  x: Type.Number(),
  y: Type.Number(),
  zoom: Type.Number({ exclusiveMinimum: 0 }),
});

/** Answer of the registry's routes. */
export const RegisteredSchema = Type.Object(
  {
    status: Type.Literal("registered"),
    auth_token: Type.Optional(Type.String({ description: "There when the workspace had none" })),
  },
  exactly,
);

/** An object that only tells that something was done: `{"status":"ok"}`. */
export function done(status: string): ResponseSpec {
  return answer("Done", Type.Object({ status: Type.Literal(status) }, exactly));
}

/** A response, as routes declare it. */
export function answer(description: string, schema: TSchema): ResponseSpec {
  return { description, schema };
}

/** A response that is a plain text. */
export function textAnswer(description: string, schema: TSchema): ResponseSpec {
  return { description, schema, mediaType: "text/plain" };
}

/** A response with an error body. */
export function refusal(description: string): ResponseSpec {
  return answer(description, ErrorSchema);
}
