import { Type, type Static } from "@molecule/core";

/** JSON Schema of the plugin's config in the manifest. */
export const GithubAppConfigSchema = Type.Object(
  {
    repositories: Type.Optional(
      Type.Array(
        Type.String({
          pattern: "^[A-Za-z0-9._-]{1,100}$",
          description: "the name of a repository, without its owner",
        }),
        // GitHub takes at most 500 repositories for one token.
        { minItems: 1, maxItems: 500, uniqueItems: true },
      ),
    ),
    permissions: Type.Optional(
      Type.Record(
        Type.String({ pattern: "^[a-z_]+$" }),
        Type.Union([Type.Literal("read"), Type.Literal("write"), Type.Literal("admin")]),
        { minProperties: 1 },
      ),
    ),
  },
  { additionalProperties: false },
);

/** What tokens are limited to; all that the installation has where a key is absent. */
export type GithubAppConfig = Static<typeof GithubAppConfigSchema>;
