import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { Static, TSchema } from "@sinclair/typebox";
import { showValue, type Fault } from "../coded-error.js";
import { maskConfig } from "../masking/mask-config.js";
import { isSecretField } from "../masking/secret-field.js";

/** A JSON Schema: one built with TypeBox, or a plain object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** How a validator treats its input. */
export interface ValidatorOptions {
  /** Fill in the schema's defaults; changes the input. */
  readonly useDefaults?: boolean;
}

const strictAjv = makeAjv(false);
const defaultingAjv = makeAjv(true);

/** Checks a value to the end and gives all its faults; none means valid. */
export type Validator = (value: unknown) => Fault[];

/**
 * Compiles a schema.
 * @throws Error when the schema itself is not valid JSON Schema
 */
export function compileValidator(schema: JsonSchema, options: ValidatorOptions = {}): Validator {
  const ajv = options.useDefaults === true ? defaultingAjv : strictAjv;
  const validate: ValidateFunction = ajv.compile(schema);
  // Forgotten by the instance at once: a plugin's schema, imported anew, may carry an $id that it had before, and
  // two plugins' schemas may carry the same one.
  ajv.removeSchema(schema);
  return (value) => {
    if (validate(value)) return [];
    return toFaults(validate.errors ?? [], value);
  };
}

/** A value that a schema accepts, or all that is wrong with it. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: Fault[] };

/** Compiles a TypeBox schema into a check that gives the value its type. */
export function compileSchema<Schema extends TSchema>(
  schema: Schema,
): (value: unknown) => Checked<Static<Schema>> {
  const validate = compileValidator(schema);
  return (value) => {
    const faults = validate(value);
    // The one place where a schema's word is taken for a type.
    const isAccepted = (_: unknown): _ is Static<Schema> => faults.length === 0;
    return isAccepted(value) ? { ok: true, value } : { ok: false, faults };
  };
}

function makeAjv(useDefaults: boolean): Ajv {
  // Strict mode would refuse TypeBox's own keywords and a third party's harmless extras.
  const ajv = new Ajv({ allErrors: true, strict: false, useDefaults, verbose: true });
  addFormats.default(ajv);
  return ajv;
}

function toFault(error: ErrorObject, root: unknown): Fault {
  const at = pathOf(error.instancePath, root);
  const params: Record<string, unknown> = error.params;
  const found = () => showFound(error);
  switch (error.keyword) {
    case "required":
      return {
        path: join(at, String(params.missingProperty)),
        found: "nothing",
        allowed: "a value (required)",
      };
    case "additionalProperties":
    case "unevaluatedProperties": {
      const known = isRecord(error.parentSchema?.properties)
        ? Object.keys(error.parentSchema.properties)
        : [];
      const key = String(params.additionalProperty ?? params.unevaluatedProperty);
      const allowed = known.length === 0 ? "no key" : `one of ${known.join(", ")}`;
      return { path: join(at, key), found: "an unknown key", allowed };
    }
    case "propertyNames":
      return {
        path: join(at, String(params.propertyName)),
        found: "this key",
        allowed: error.message ?? "",
      };
    case "enum":
      return { path: at, found: found(), allowed: `one of ${showAll(params.allowedValues)}` };
    case "const":
      return { path: at, found: found(), allowed: showValue(params.allowedValue) };
    case "type":
      return { path: at, found: found(), allowed: `a value of type ${String(params.type)}` };
    default:
      return { path: at, found: found(), allowed: describeRule(error) };
  }
}

/** A value as it may be told: without what stands under the name of a secret, or the value itself stands there. */
function showFound({ data, instancePath }: ErrorObject): string {
  const isSecret = data !== undefined && namesOf(instancePath).some(isSecretField);
  return isSecret ? "a value that is not shown" : showValue(maskConfig(data, (text) => text));
}

function describeRule(error: ErrorObject): string {
  const description: unknown = error.parentSchema?.description;
  const rule = error.message ?? error.keyword;
  return typeof description === "string" && error.keyword === "pattern"
    ? description
    : rule.replace(/^must /, "it must ");
}

/** `/plugins/0/when` as `plugins[0].when`. */
function pathOf(pointer: string, root: unknown): string {
  let at: unknown = root;
  let path = "";
  for (const key of namesOf(pointer)) {
    path = Array.isArray(at) ? `${path}[${key}]` : join(path, key);
    at = Array.isArray(at) ? at[Number(key)] : isRecord(at) ? at[key] : undefined;
  }
  return path;
}

function namesOf(pointer: string): string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function join(path: string, key: string): string {
  const name = /^[\w$-]+$/.test(key) ? key : JSON.stringify(key);
  return path === "" ? name : `${path}.${name}`;
}

function showAll(values: unknown): string {
  return Array.isArray(values) ? values.map(showValue).join(", ") : showValue(values);
}

/**
 * Each path and rule once. A union tells the faults of all its alternatives and a line of its own: where they all
 * concern the value itself, they are one fault with several allowed values; else the union's own line says nothing
 * that they do not.
 */
function toFaults(errors: readonly ErrorObject[], root: unknown): Fault[] {
  const merged = new Map<ErrorObject, ErrorObject[]>();
  const dropped = new Set<ErrorObject>();
  for (const union of errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf")) {
    const inner = errors.filter(
      (error) =>
        error.schemaPath.startsWith(`${union.schemaPath}/`) &&
        `${error.instancePath}/`.startsWith(`${union.instancePath}/`),
    );
    if (inner.length === 0) continue;
    const isAboutValue = inner.every((error) => error.instancePath === union.instancePath && isPlain(error));
    for (const error of isAboutValue ? inner : [union]) dropped.add(error);
    if (isAboutValue) merged.set(union, inner);
  }
  const seen = new Map<string, Fault>();
  for (const error of errors.filter((each) => !dropped.has(each))) {
    const alternatives = merged.get(error);
    const fault = alternatives === undefined ? toFault(error, root) : toUnionFault(alternatives, root);
    seen.set(`${fault.path}\0${fault.allowed}`, fault);
  }
  return [...seen.values()];
}

function isPlain({ keyword }: ErrorObject): boolean {
  return keyword === "const" || keyword === "type" || keyword === "enum";
}

/** One fault that allows what any of the alternatives allows. */
function toUnionFault(alternatives: readonly ErrorObject[], root: unknown): Fault {
  const faults = alternatives.map((error) => toFault(error, root));
  const allowed = [...new Set(faults.map((fault) => fault.allowed))];
  const { path = "", found = "" } = faults[0] ?? {};
  return { path, found, allowed: allowed.join(" or ") };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
