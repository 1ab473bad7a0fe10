import { Type } from "@molecule/core";
import { workspaceErrors } from "../../errors/workspaces.js";
import { bodyForDomain, defineRoute, type Route } from "../define-route.js";
import { isRecord } from "../record.js";
import { exactly } from "./schema-parts.js";
import { answer, refusal } from "./schemas.js";

const cents = Type.Integer({ description: "Cents" });
const notFound = refusal("No such workspace");
const time = Type.String({ format: "date-time" });
const DAY_MS = 24 * 60 * 60_000;

const BudgetSchema = Type.Object(
  {
    budget_limit: Type.Union([cents, Type.Null()]),
    monthly_spend: cents,
    budget_remaining: Type.Union([cents, Type.Null()]),
  },
  exactly,
);

/** Routes of what workspaces cost; api.md §5. */
export const budgetRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/budget",
    guard: "workspace",
    summary: "What a workspace may spend in a month, and has spent",
    responses: { 200: answer("The budget", BudgetSchema), 404: notFound },
    handle: async ({ params }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.budgets.read(params.id),
    }),
  }),
  defineRoute({
    method: "PATCH",
    path: "/workspaces/:id/budget",
    guard: "admin",
    summary: "Set or lift the limit of a workspace, in every status",
    body: bodyForDomain(
      Type.Object({
        budget_limit: Type.Union([
          Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
          Type.Null(),
        ]),
      }),
      () => workspaceErrors.BUDGET_LIMIT_REQUIRED({}),
    ),
    responses: { 200: answer("The budget", BudgetSchema), 404: notFound },
    handle: async ({ params, body }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.budgets.set(params.id, isRecord(body) ? body.budget_limit : undefined),
    }),
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/metrics",
    guard: "workspace",
    summary:
      "The use of language models on this UTC day; zeroes, since agents call them without the platform",
    responses: {
      200: answer(
        "The figures",
        Type.Object(
          {
            input_tokens: Type.Integer(),
            output_tokens: Type.Integer(),
            total_calls: Type.Integer(),
            estimated_cost_usd: Type.String(),
            period_start: time,
            period_end: time,
          },
          exactly,
        ),
      ),
      404: notFound,
    },
    handle: async ({ params }, { workspaces, clock }) => {
      if ((await workspaces.get(params.id)) === undefined) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
      const start = Math.floor(clock.now() / DAY_MS) * DAY_MS;
      return {
        status: 200,
        body: {
          input_tokens: 0,
          output_tokens: 0,
          total_calls: 0,
          estimated_cost_usd: "0.000000",
          period_start: new Date(start).toISOString(),
          period_end: new Date(start + DAY_MS).toISOString(),
        },
      };
    },
  }),
];
