import { bodyOf, defineRoute, type Route } from "../define-route.js";
import { answer, done, ViewportSchema } from "./schemas.js";

/** What the canvas shows before anybody moved it. */
const INITIAL = { x: 0, y: 0, zoom: 1 };

/** Routes of the canvas page. */
export const canvasRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/canvas/viewport",
    guard: "open",
    summary: "Where the canvas stands",
    responses: { 200: answer("The viewport", ViewportSchema) },
    handle: async (_, { database }) => {
      const row = await database.db
        .selectFrom("canvas_viewport")
        .select(["x", "y", "zoom"])
        .executeTakeFirst();
      return { status: 200, body: row ?? INITIAL };
    },
  }),
  defineRoute({
    method: "PUT",
    path: "/canvas/viewport",
    guard: "canvas",
    summary: "Keep where the canvas stands",
    body: bodyOf(ViewportSchema),
    responses: { 200: done("saved") },
    handle: async ({ body: { x, y, zoom } }, { database }) => {
      await database.db
        .insertInto("canvas_viewport")
        .values({ id: 1, x, y, zoom })
        .onConflict((conflict) => conflict.column("id").doUpdateSet({ x, y, zoom }))
        .execute();
      return { status: 200, body: { status: "saved" } };
    },
  }),
];
