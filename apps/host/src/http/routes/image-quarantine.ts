import { Type } from "@molecule/core";
import { rolloutErrors } from "../../errors/rollouts.js";
import { defineRoute, type Route } from "../define-route.js";
import { answer, refusal } from "./schemas.js";

const QuarantineSchema = Type.Object({
  quarantine: Type.Array(
    Type.Object({
      runtime: Type.String(),
      digest: Type.String(),
      reference: Type.String(),
      reason: Type.String(),
      workspace_id: Type.Union([Type.String(), Type.Null()]),
      created_by: Type.String(),
      created_at: Type.String(),
    }),
  ),
});

/** Images that failed in a workspace and that nothing starts with. */
export const imageQuarantineRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/admin/workspace-images/quarantine",
    guard: "admin",
    summary: "Images that failed in a workspace: no rollout takes them up and nothing starts with them",
    responses: { 200: answer("The images, newest first", QuarantineSchema) },
    handle: async (_, { imageQuarantine }) => {
      const images = await imageQuarantine.list();
      const quarantine = images.map(({ workspaceId, createdBy, createdAt, ...image }) => ({
        ...image,
        workspace_id: workspaceId,
        created_by: createdBy,
        created_at: createdAt,
      }));
      return { status: 200, body: { quarantine } };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/admin/workspace-images/quarantine/:digest",
    guard: "admin",
    summary: "Lift the quarantine of a digest, for every runtime",
    responses: {
      200: answer(
        "Lifted; the next check or refresh may roll it out again",
        Type.Object({ status: Type.Literal("lifted"), digest: Type.String(), runtimes: Type.Integer() }),
      ),
      404: refusal("It is not in quarantine"),
    },
    handle: async ({ params: { digest } }, { imageQuarantine }) => {
      const runtimes = await imageQuarantine.lift(digest);
      if (runtimes === 0) throw rolloutErrors.DIGEST_NOT_QUARANTINED({ digest });
      return { status: 200, body: { status: "lifted", digest, runtimes } };
    },
  }),
];
