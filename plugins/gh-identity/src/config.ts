import { compileValidator, Type, type Fault, type Static } from "@molecule/core";

const strict = { additionalProperties: false } as const;

const RoleConfig = Type.Object(
  {
    owner: Type.String({
      // GitHub's own rule, with the underscore of Enterprise Managed Users; a comma would be a second assignee.
      pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$",
      description: 'a GitHub login: letters, digits, "-" and "_", without "@"',
    }),
  },
  strict,
);

/** JSON Schema of the plugin's config in the manifest and of the file that takes its place. */
export const IdentityConfigSchema = Type.Object(
  {
    roles: Type.Optional(Type.Record(Type.String(), RoleConfig)),
    auditLog: Type.Optional(
      Type.String({
        pattern: "^/[^\\u0000-\\u001f]+$",
        description: "an absolute path inside the workspace",
      }),
    ),
  },
  strict,
);

/** Who owns which role, and where the wrapper writes its audit log (absolute path inside the workspace). */
export type IdentityConfig = Static<typeof IdentityConfigSchema>;

const shapeFaults = compileValidator(IdentityConfigSchema);

/** What came out of {@link checkConfig}. */
export type CheckedConfig =
  | { readonly ok: true; readonly config: IdentityConfig }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Checks a config to the end: its shape, and what a schema can't say of the names of roles. */
export function checkConfig(value: unknown): CheckedConfig {
  const faults = [...shapeFaults(value), ...roleNameFaults(value)];
  return faults.length === 0 && isConfig(value) ? { ok: true, config: value } : { ok: false, faults };
}

/** The form in which the names of roles are compared. */
export function roleKey(role: string): string {
  return role.trim().toLowerCase();
}

function isConfig(value: unknown): value is IdentityConfig {
  return shapeFaults(value).length === 0;
}

function roleNameFaults(value: unknown): Fault[] {
  if (typeof value !== "object" || value === null || !("roles" in value)) return [];
  const { roles } = value;
  if (typeof roles !== "object" || roles === null || Array.isArray(roles)) return [];
  const faults: Fault[] = [];
  const spellings = new Map<string, string>();
  for (const role of Object.keys(roles)) {
    const path = `roles.${/^[\w$-]+$/.test(role) ? role : JSON.stringify(role)}`;
    const key = roleKey(role);
    const earlier = spellings.get(key);
    if (key === "" || /\p{Cc}/u.test(role)) {
      faults.push({
        path,
        found: "this name",
        allowed: "a name that is not blank and holds no control character",
      });
    } else if (earlier !== undefined) {
      faults.push({
        path,
        found: `the role ${JSON.stringify(earlier)} a second time`,
        allowed: "each role once; capitals and outer blanks make no difference",
      });
    } else {
      spellings.set(key, role);
    }
  }
  return faults;
}
