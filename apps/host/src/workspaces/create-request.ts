import { isAbsolute, normalize } from "node:path";
import { compileSchema, Type, type Fault, type Static } from "@molecule/core";
import { assertSecrets, withoutFound } from "../secrets/secret-rules.js";
import { workspaceErrors } from "../errors/workspaces.js";

const Nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);

/** JSON Schema of the body of POST /workspaces; api.md §6. Unknown keys are ignored. */
export const CreateWorkspaceSchema = Type.Object({
  name: Type.String({ description: "What people call the workspace" }),
  role: Type.Optional(Nullable(Type.String())),
  tier: Type.Optional(Type.Integer({ minimum: 0, maximum: 4, description: "0 or absent: 3" })),
  template: Type.Optional(Type.String({ description: "A folder of the templates folder" })),
  model: Type.Optional(Nullable(Type.String())),
  runtime: Type.Optional(Type.String({ description: "A workspace template of the manifest, or external" })),
  external: Type.Optional(Type.Boolean()),
  url: Type.Optional(Type.String()),
  workspace_dir: Type.Optional(Nullable(Type.String())),
  workspace_access: Type.Optional(
    Type.Union([Type.Literal("none"), Type.Literal("read_only"), Type.Literal("read_write")]),
  ),
  parent_id: Type.Optional(Nullable(Type.String())),
  budget_limit: Type.Optional(
    Type.Union([
      Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "Cents" }),
      Type.Null(),
    ]),
  ),
  secrets: Type.Optional(Type.Record(Type.String(), Type.String())),
  max_concurrent_tasks: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  canvas: Type.Optional(Type.Object({ x: Type.Number(), y: Type.Number() })),
});

/** Body of POST /workspaces. */
export type CreateWorkspaceRequest = Static<typeof CreateWorkspaceSchema>;

const check = compileSchema(CreateWorkspaceSchema);

/** Runtime of a workspace that names none, nor a template that does; api.md §6. */
export const DEFAULT_RUNTIME = "langgraph";

const MAX_NAME = 255;
const MAX_ROLE = 1000;
/** Bytes of the name of a model or a runtime. */
export const MAX_MODEL_BYTES = 100;

/** Folders of the machine that no workspace may mount, nor anything below them. */
const SYSTEM_DIRS = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib64",
  "/proc",
  "/root",
  "/run",
  "/sbin",
  "/sys",
  "/usr",
  "/var",
];

/**
 * Checks the body of POST /workspaces as far as it can be without looking anything up.
 * @throws INVALID_WORKSPACE_PAYLOAD, INVALID_WORKSPACE_FIELDS, INVALID_WORKSPACE_DIR, INVALID_SECRET
 */
export function parseCreateRequest(body: unknown): CreateWorkspaceRequest {
  const checked = check(body);
  if (!checked.ok) {
    throw workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults: withoutSecrets(checked.faults) });
  }
  const request = checked.value;
  const problems = fieldProblems(request);
  if (problems.length > 0) throw workspaceErrors.INVALID_WORKSPACE_FIELDS({ problems });
  checkWorkspaceDir(request);
  assertSecrets(request.secrets ?? {}, "secrets");
  return request;
}

/** The faults of a body with `secrets`, with nothing of what stands there. */
export function withoutSecrets(faults: readonly Fault[]): Fault[] {
  return faults.map((each) => (/^secrets\b/.test(each.path) ? withoutFound(each) : each));
}

/** What is wrong with the texts of a workspace; those that are not given are not looked at. */
export function fieldProblems(
  body: Partial<Pick<CreateWorkspaceRequest, "name" | "role" | "model" | "runtime">>,
): string[] {
  const problems: string[] = [];
  const texts = { name: body.name, role: body.role, model: body.model, runtime: body.runtime };
  for (const [field, text] of Object.entries(texts)) {
    if (/[\r\n]/.test(text ?? "")) problems.push(`${field} must not contain a newline`);
  }
  for (const [field, text] of Object.entries({ name: body.name, role: body.role })) {
    if (/[{}[\]|>*&!]/.test(text ?? "")) problems.push(`${field} must not contain any of {}[]|>*&!`);
  }
  if (body.name?.trim() === "") problems.push("name must not be empty");
  if (Array.from(body.name ?? "").length > MAX_NAME)
    problems.push(`name must be at most ${MAX_NAME} characters`);
  if (Array.from(body.role ?? "").length > MAX_ROLE)
    problems.push(`role must be at most ${MAX_ROLE} characters`);
  for (const [field, text] of Object.entries({ model: body.model, runtime: body.runtime })) {
    if (Buffer.byteLength(text ?? "") > MAX_MODEL_BYTES)
      problems.push(`${field} must be at most ${MAX_MODEL_BYTES} bytes`);
  }
  return problems;
}

function checkWorkspaceDir(body: CreateWorkspaceRequest): void {
  const dir = body.workspace_dir ?? "";
  const access = body.workspace_access ?? "none";
  if (dir === "") {
    if (access === "none") return;
    throw workspaceErrors.INVALID_WORKSPACE_DIR({
      found: dir,
      reason: `is missing: workspace_access ${access} needs one`,
    });
  }
  assertWorkspaceDir(dir);
}

/** @throws INVALID_WORKSPACE_DIR */
export function assertWorkspaceDir(dir: string): void {
  const refuse = (reason: string): never => {
    throw workspaceErrors.INVALID_WORKSPACE_DIR({ found: dir, reason });
  };
  if (!isAbsolute(dir)) refuse("must be an absolute path");
  if (dir.split("/").includes("..")) refuse('must not contain ".."');
  const path = normalize(dir).replace(/\/+$/, "");
  if (path === "" || SYSTEM_DIRS.some((system) => path === system || path.startsWith(`${system}/`))) {
    refuse("is a folder of the system");
  }
}
