import { Type, type Static } from "@sinclair/typebox";

const strict = { additionalProperties: false } as const;

const Name = Type.String({
  pattern: "^[a-z0-9][a-z0-9-]{0,63}$",
  description: "1 to 64 of a-z, 0-9 and -, starting with a letter or digit",
});
const EnvName = Type.String({
  pattern: "^[^=\\u0000]+$",
  description: 'the name of a variable, without "="',
});
// A list matches what any of its globs matches: one that excludes would let everything else in, and not keep it out.
const Globs = Type.Array(
  Type.String({
    minLength: 1,
    pattern: "^(?!!)",
    description: 'a glob without "!" before it: a list allows what any of its globs matches',
  }),
);

/** JSON Schema of one entry of the manifest's `plugins`. */
export const PluginEntrySchema = Type.Object(
  {
    name: Name,
    module: Type.String({ minLength: 1 }),
    stage: Type.Optional(Type.Union([Type.Literal("env"), Type.Literal("main")])),
    enabled: Type.Optional(Type.Boolean()),
    when: Type.Optional(Type.Object({ env: EnvName, equals: Type.Optional(Type.String()) }, strict)),
    config: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    required: Type.Optional(Type.Boolean()),
    onError: Type.Optional(
      Type.Union([Type.Literal("fail"), Type.Literal("skip"), Type.Literal("last-good")]),
    ),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 60_000 })),
    isolation: Type.Optional(Type.Literal("worker")),
    memoryMb: Type.Optional(Type.Integer({ minimum: 16, maximum: 4_096 })),
    integrity: Type.Optional(
      Type.String({
        pattern: "^sha512-[A-Za-z0-9+/]{86}==$",
        description: '"sha512-" and 88 characters of base64, as written by: molecule plugins lock',
      }),
    ),
    env: Type.Optional(Type.Object({ reads: Type.Optional(Globs), writes: Type.Optional(Globs) }, strict)),
    after: Type.Optional(Type.Array(Name)),
    before: Type.Optional(Type.Array(Name)),
  },
  strict,
);

/** JSON Schema of one entry of the manifest's `workspace_templates`. */
const TemplateEntrySchema = Type.Object(
  {
    name: Name,
    image: Type.Optional(Type.String({ minLength: 1 })),
    command: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
    build: Type.Optional(
      Type.Object(
        {
          context: Type.String({ minLength: 1 }),
          dockerfile: Type.Optional(Type.String({ minLength: 1 })),
          args: Type.Optional(Type.Record(Type.String(), Type.String())),
        },
        strict,
      ),
    ),
    provision_timeout_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
  },
  strict,
);

/** JSON Schema of manifest.json. */
export const ManifestSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    version: Type.Literal(1),
    plugins: Type.Array(PluginEntrySchema),
    workspace_templates: Type.Array(TemplateEntrySchema),
  },
  strict,
);

/** One entry of the manifest's `plugins`. */
export type PluginEntry = Static<typeof PluginEntrySchema>;

/** manifest.json as it stands in the file. */
export type ManifestFile = Static<typeof ManifestSchema>;
