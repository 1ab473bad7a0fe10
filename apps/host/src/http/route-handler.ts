import type { IncomingMessage } from "node:http";
import type { RouterContext } from "@koa/router";
import { httpErrors } from "../errors/http.js";
import type { VerifiedToken } from "../storage/token-store.js";
import type { Reader, Route } from "./define-route.js";
import type { HttpDependencies } from "./dependencies.js";
import type { Guards } from "./guards.js";
import { readBytes, readJsonBody } from "./json-body.js";
import { isRecord } from "./record.js";
import { parseWorkspaceId, requireWorkspaceId } from "./workspace-id.js";

/** Path parameters that hold a workspace's id. */
const WORKSPACE_PARAMS: ReadonlySet<string> = new Set(["id", "workspaceId"]);

/** A route as the router calls it: guard, checks, work, answer; in this order. */
export function handlerOf(
  route: Route,
  deps: HttpDependencies,
  guards: Guards,
): (ctx: RouterContext) => Promise<void> {
  return async (ctx) => {
    const { token, callerId, body } = await admitAndRead(route, ctx, guards);
    const params = checkedParams(ctx.params);
    const answer = await route.handle({ params, query: ctx.query, body, token, callerId }, deps);
    ctx.status = answer.status;
    if ("contentType" in answer) {
      ctx.set("Content-Type", answer.contentType);
      ctx.body = answer.body;
    } else {
      ctx.type = "json";
      ctx.body = JSON.stringify(answer.body);
    }
  };
}

interface Admitted {
  readonly token: VerifiedToken | null;
  readonly callerId: string | null;
  readonly body: unknown;
}

// A body is read from those only who may send one; but on the registry's routes it is the body that says whose token
// it takes.
async function admitAndRead(route: Route, ctx: RouterContext, guards: Guards): Promise<Admitted> {
  const { guard } = route;
  if (typeof guard === "object") {
    const body = await readBody(route.body, ctx.req);
    const token = await guards.registry(ctx.req, workspaceNamedIn(body, guard.registry, route));
    return { token, callerId: null, body };
  }
  if (guard === "signed") {
    await guards.signed(ctx.req, ctx.path, () => readBytes(ctx.req));
    return { token: null, callerId: null, body: undefined };
  }
  const callerId = guard === "discovery-caller" ? requireCallerId(ctx.req) : null;
  const token = await admit(guard, callerId ?? namedInPath(ctx), ctx.req, guards);
  return { token, callerId, body: await readBody(route.body, ctx.req) };
}

/** @param workspaceId the one concerned, where the guard asks for one */
async function admit(
  guard: Exclude<Route["guard"], object | "signed">,
  workspaceId: string,
  request: IncomingMessage,
  guards: Guards,
): Promise<VerifiedToken | null> {
  switch (guard) {
    case "open":
      return null;
    case "admin":
      await guards.admin(request);
      return null;
    case "test-token":
      await guards.testToken(request);
      return null;
    case "canvas":
      await guards.canvas(request);
      return null;
    case "metrics":
      guards.metrics(request);
      return null;
    case "workspace":
      return guards.workspace(request, workspaceId);
    case "own-token":
      return guards.workspaceItself(request, workspaceId);
    case "discovery-caller":
    case "discovery-own":
      return guards.discovery(request, workspaceId);
    case "any":
      return guards.any(request);
  }
}

/** The id in a path, as far as it is one: who may call is asked before what is wrong with the path. */
function namedInPath(ctx: RouterContext): string {
  const { id = "" } = ctx.params;
  return parseWorkspaceId(id) ?? id;
}

/** @throws CALLER_ID_REQUIRED, INVALID_WORKSPACE_ID */
function requireCallerId(request: IncomingMessage): string {
  const id = request.headers["x-workspace-id"];
  if (id === undefined || id === "") throw httpErrors.CALLER_ID_REQUIRED({});
  return requireWorkspaceId(id);
}

async function readBody(reader: Reader<unknown> | undefined, request: IncomingMessage): Promise<unknown> {
  if (reader === undefined) return undefined;
  const read = await readJsonBody(request);
  if (!read.ok) throw reader.refuse(read.faults);
  return read.value;
}

function workspaceNamedIn(body: unknown, field: string, route: Route): string {
  const value = isRecord(body) ? body[field] : undefined;
  const id = parseWorkspaceId(value);
  if (id !== undefined) return id;
  const found = value === undefined ? "nothing" : "another value";
  const faults = [{ path: field, found, allowed: "the UUID of a workspace" }];
  throw route.body?.refuse(faults) ?? httpErrors.BODY_INVALID({ faults });
}

function checkedParams(params: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(params);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, WORKSPACE_PARAMS.has(name) ? requireWorkspaceId(value) : value]),
  );
}
