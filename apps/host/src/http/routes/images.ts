import { Type } from "@molecule/core";
import { imageErrors } from "../../errors/images.js";
import { maskData } from "../../masking/mask-data.js";
import { defineRoute, queryOf, type Route } from "../define-route.js";
import type { HttpDependencies } from "../dependencies.js";
import { exactly } from "./schema-parts.js";
import { answer, ErrorSchema, refusal } from "./schemas.js";

const text = Type.String();
const texts = Type.Array(text);
const nullableText = Type.Union([text, Type.Null()]);
const data = Type.Record(text, Type.Unknown());

const RefreshReportSchema = Type.Object(
  {
    pulled: Type.Array(text, { description: "Runtimes" }),
    failed: Type.Array(text, { description: "Runtimes" }),
    recreated: Type.Array(text, { description: "Names of containers that run the new image" }),
    rolled_back: Type.Array(text, { description: "Names of containers that were put back" }),
    errors: Type.Record(text, text, { description: "Why, by runtime" }),
  },
  exactly,
);

const ImageStatusSchema = Type.Object(
  {
    runtime: text,
    image: text,
    source: Type.Union([Type.Literal("registry"), Type.Literal("pinned"), Type.Literal("built")]),
    digest: Type.Union([text, Type.Null()], { description: "What has arrived at all workspaces" }),
    pending_digest: Type.Union([text, Type.Null()], { description: "On its way to the workspaces" }),
    last_check: Type.Union([
      Type.Object({ at: text, outcome: text, digest: nullableText, error: nullableText }, exactly),
      Type.Null(),
    ]),
    rollout: Type.Union([data, Type.Null()]),
    running: Type.Array(data),
    quarantine: Type.Array(data),
  },
  exactly,
);

const RefreshRefusalSchema = Type.Composite([
  ErrorSchema,
  Type.Object({
    known_runtimes: Type.Optional(texts),
    partial_result: Type.Optional(RefreshReportSchema),
  }),
]);

const withoutEngine = refusal("The container runtime is not docker");

/** Routes of the images of workspace templates; api.md §9. */
export const imageRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/admin/workspace-images",
    guard: "admin",
    summary: "Each template's image: what the registry has, what runs, the rollout, the quarantine",
    responses: {
      200: answer("The images", Type.Object({ images: Type.Array(ImageStatusSchema) }, exactly)),
      404: withoutEngine,
    },
    // Registries' own words are in it, which may quote what they were sent.
    handle: async (_, deps) => ({
      status: 200,
      body: { images: maskData(deps.masker, await imagesOf(deps).overview()) },
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/admin/workspace-images/refresh",
    guard: "admin",
    summary:
      "Pull the image of one runtime or of all, and bring it to the workspaces; answers when that is done",
    query: queryOf(
      Type.Object({
        runtime: Type.Optional(
          Type.String({ description: "All whose image comes from a registry when absent" }),
        ),
        recreate: Type.Optional(
          Type.String({ description: "Anything but true only pulls; true when absent" }),
        ),
      }),
    ),
    responses: {
      200: answer("What was done; one runtime's failure stops no other", RefreshReportSchema),
      400: answer("Unknown runtime", RefreshRefusalSchema),
      404: withoutEngine,
      500: answer("Containers can't be listed; what was pulled until then", RefreshRefusalSchema),
    },
    handle: async ({ query: { runtime, recreate = "true" } }, deps) => {
      const report = await imagesOf(deps).refresh(runtime === "" ? undefined : runtime, {
        recreate: recreate === "true",
      });
      return { status: 200, body: maskData(deps.masker, report) };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/webhooks/registry",
    guard: "signed",
    summary: "A registry's word that it may have something new: all images are looked at, soon",
    responses: {
      202: answer("It will be looked at", Type.Object({ status: Type.Literal("checking") }, exactly)),
      404: refusal("There is no REGISTRY_WEBHOOK_SECRET, or the container runtime is not docker"),
    },
    handle: (_, deps) => {
      imagesOf(deps).hint();
      return { status: 202, body: { status: "checking" } };
    },
  }),
];

function imagesOf({ images }: HttpDependencies): NonNullable<HttpDependencies["images"]> {
  if (images === null) throw imageErrors.IMAGES_NOT_AVAILABLE({});
  return images;
}
