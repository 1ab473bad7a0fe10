import { randomUUID } from "node:crypto";
import { compileSchema, Type, type Static } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import type { Emit, EventLog } from "../storage/event-log.js";
import { toJsonb } from "../storage/json.js";
import type { ActivitiesTable, Executor, Trx } from "../storage/schema.js";
import type { Insertable } from "kysely";
import { maskData, type Masking } from "../masking/mask-data.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";

/** What an activity may be; api.md §5. */
const ACTIVITY_TYPES = [
  "a2a_send",
  "a2a_receive",
  "task_update",
  "agent_log",
  "skill_promotion",
  "memory_write",
  "error",
] as const;

const OptionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]));

/** JSON Schema of the body of POST /workspaces/:id/activity. */
export const ActivitySchema = Type.Object({
  activity_type: Type.String({ description: `One of ${ACTIVITY_TYPES.join(", ")}` }),
  method: OptionalText,
  summary: OptionalText,
  target_id: OptionalText,
  source_id: OptionalText,
  status: OptionalText,
  error_detail: OptionalText,
  duration_ms: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()]),
  ),
  request_body: Type.Optional(Type.Unknown()),
  response_body: Type.Optional(Type.Unknown()),
  metadata: Type.Optional(Type.Unknown()),
});

/** JSON Schema of the body of POST /workspaces/:id/notify. */
export const NotifySchema = Type.Object({
  message: Type.String({ minLength: 1 }),
  attachments: Type.Optional(
    Type.Array(
      Type.Object({
        uri: Type.Optional(Type.String()),
        name: Type.Optional(Type.String()),
        mimeType: Type.Optional(Type.String()),
        size: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
      }),
      { maxItems: 100 },
    ),
  ),
});

type Notification = Static<typeof NotifySchema>;
const checkActivity = compileSchema(ActivitySchema);
const checkNotify = compileSchema(NotifySchema);

/** Which activities to list. */
export interface ActivityQuery {
  readonly type?: string | undefined;
  /** `canvas`: those without a source; `agent`: those with one. */
  readonly source?: string | undefined;
  readonly limit: number;
}

/** What the activities work with. */
export interface ActivityServices {
  readonly db: Executor;
  readonly events: EventLog;
  readonly secrets: Pick<WorkspaceSecrets, "learn">;
  readonly masker: Masking;
}

/** Keeps what agents did and told. Secrets that the platform knows are masked before anything is kept. */
export class Activities {
  readonly #services: ActivityServices;

  constructor(services: ActivityServices) {
    this.#services = services;
  }

  /** Newest first. @throws WORKSPACE_NOT_FOUND */
  async list(
    workspaceId: string,
    { type, source, limit }: ActivityQuery,
  ): Promise<Record<string, unknown>[]> {
    const { db } = this.#services;
    await live(db, workspaceId);
    let select = db
      .selectFrom("activities")
      .selectAll()
      .where("workspace_id", "=", workspaceId)
      .orderBy("number", "desc")
      .limit(limit);
    if (type !== undefined) select = select.where("activity_type", "=", type);
    if (source === "canvas") select = select.where("source_id", "is", null);
    if (source === "agent") select = select.where("source_id", "is not", null);
    const rows = await select.execute();
    return rows.map(({ number: _, metadata, request_body, response_body, created_at, ...row }) => ({
      ...row,
      created_at: created_at.toISOString(),
      ...(request_body === null ? {} : { request_body }),
      ...(response_body === null ? {} : { response_body }),
      ...(metadata === null ? {} : { metadata }),
    }));
  }

  /** @throws INVALID_WORKSPACE_PAYLOAD, INVALID_ACTIVITY_TYPE, ACTIVITY_SOURCE_FOREIGN, WORKSPACE_NOT_FOUND */
  async log(workspaceId: string, body: unknown): Promise<{ status: "logged" }> {
    parseActivity(workspaceId, body);
    const activity = parseActivity(workspaceId, await this.#masked(workspaceId, body));
    const facts = {
      activity_type: activity.activity_type,
      method: activity.method ?? null,
      summary: activity.summary ?? null,
      source_id: activity.source_id,
      target_id: activity.target_id ?? null,
      status: activity.status ?? "ok",
      duration_ms: activity.duration_ms ?? null,
    };
    await this.#services.events.transact(async (trx, emit) => {
      await keep(trx, {
        ...facts,
        workspace_id: workspaceId,
        error_detail: activity.error_detail ?? null,
        request_body: jsonOrNull(activity.request_body),
        response_body: jsonOrNull(activity.response_body),
        metadata: jsonOrNull(activity.metadata),
      });
      emit({ type: "ACTIVITY_LOGGED", workspaceId, payload: facts });
    });
    return { status: "logged" };
  }

  /** Tells people something in the workspace's name. @throws INVALID_WORKSPACE_PAYLOAD, INVALID_ATTACHMENT, WORKSPACE_NOT_FOUND */
  async notify(workspaceId: string, body: unknown): Promise<{ status: "sent" }> {
    parseNotification(body);
    const { message, attachments = [] } = parseNotification(await this.#masked(workspaceId, body));
    await this.#services.events.transact(async (trx, emit) => {
      await keep(trx, {
        workspace_id: workspaceId,
        activity_type: "a2a_receive",
        method: "notify",
        summary: message,
        status: "ok",
        response_body: toJsonb({ result: message, ...partsOf(attachments) }),
      });
      await tell(trx, emit, workspaceId, { message, attachments });
    });
    return { status: "sent" };
  }

  /** What was said, without the secrets that the workspace may know. @throws WORKSPACE_NOT_FOUND */
  async #masked(workspaceId: string, body: unknown): Promise<unknown> {
    const { db, secrets, masker } = this.#services;
    await secrets.learn(await live(db, workspaceId));
    return maskData(masker, body);
  }
}

/** @throws INVALID_WORKSPACE_PAYLOAD, INVALID_ACTIVITY_TYPE, ACTIVITY_SOURCE_FOREIGN */
function parseActivity(workspaceId: string, body: unknown) {
  const checked = checkActivity(body);
  if (!checked.ok) throw workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults: checked.faults });
  const activity = checked.value;
  const type = ACTIVITY_TYPES.find((known) => known === activity.activity_type);
  if (type === undefined) throw workspaceErrors.INVALID_ACTIVITY_TYPE({ known: ACTIVITY_TYPES });
  const sourceId = activity.source_id ?? "";
  if (sourceId !== "" && sourceId.toLowerCase() !== workspaceId)
    throw workspaceErrors.ACTIVITY_SOURCE_FOREIGN({});
  return { ...activity, activity_type: type, source_id: sourceId === "" ? null : workspaceId };
}

/** @throws INVALID_WORKSPACE_PAYLOAD, INVALID_ATTACHMENT */
function parseNotification(body: unknown): Notification {
  const checked = checkNotify(body);
  if (!checked.ok) throw workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults: checked.faults });
  const { attachments = [] } = checked.value;
  const index = attachments.findIndex(({ uri = "", name = "" }) => uri === "" || name === "");
  if (index !== -1) throw workspaceErrors.INVALID_ATTACHMENT({ index });
  return checked.value;
}

async function tell(trx: Trx, emit: Emit, workspaceId: string, { message, attachments = [] }: Notification) {
  const { name } = await trx
    .selectFrom("workspaces")
    .select("name")
    .where("id", "=", workspaceId)
    .executeTakeFirstOrThrow();
  emit({
    type: "AGENT_MESSAGE",
    workspaceId,
    payload: { message, name, ...(attachments.length === 0 ? {} : { attachments }) },
  });
}

function partsOf(attachments: NonNullable<Notification["attachments"]>) {
  if (attachments.length === 0) return {};
  return { parts: attachments.map((file) => ({ kind: "file", file })) };
}

async function keep(trx: Trx, activity: Omit<Insertable<ActivitiesTable>, "id">): Promise<void> {
  await live(trx, activity.workspace_id);
  await trx
    .insertInto("activities")
    .values({ ...activity, id: randomUUID() })
    .execute();
}

async function live(db: Executor, workspaceId: string): Promise<{ id: string; attempt: number }> {
  const row = await db
    .selectFrom("workspaces")
    .select(["id", "attempt", "status"])
    .where("id", "=", workspaceId)
    .executeTakeFirst();
  if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
  return row;
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined || value === null ? null : toJsonb(value);
}
