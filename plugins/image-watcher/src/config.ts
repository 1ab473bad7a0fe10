import { Type, type Static } from "@molecule/core";

/** The plugin's config in the manifest. */
export const WatcherConfigSchema = Type.Object(
  {
    intervalSeconds: Type.Integer({
      default: 300,
      minimum: 10,
      maximum: 86_400,
      description: "Seconds from the end of a cycle to the start of the next",
    }),
    concurrency: Type.Integer({
      default: 8,
      minimum: 1,
      maximum: 64,
      description: "Images that are looked at at the same time",
    }),
  },
  { additionalProperties: false },
);

/** See {@link WatcherConfigSchema}. */
export type WatcherConfig = Static<typeof WatcherConfigSchema>;
