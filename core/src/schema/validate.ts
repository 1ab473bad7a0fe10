import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { showValue, type Fault } from "../coded-error.js";

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
  const validate: ValidateFunction = (options.useDefaults === true ? defaultingAjv : strictAjv).compile(
    schema,
  );
  return (value) => {
    if (validate(value)) return [];
    return uniqueFaults((validate.errors ?? []).map((error) => toFault(error, value)));
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
      return { path: join(at, key), found: "an unknown key", allowed: `one of ${known.join(", ")}` };
    }
    case "propertyNames":
      return {
        path: join(at, String(params.propertyName)),
        found: "this key",
        allowed: error.message ?? "",
      };
    case "enum":
      return { path: at, found: showValue(error.data), allowed: `one of ${showAll(params.allowedValues)}` };
    case "const":
      return { path: at, found: showValue(error.data), allowed: showValue(params.allowedValue) };
    case "type":
      return { path: at, found: showValue(error.data), allowed: `a value of type ${String(params.type)}` };
    default:
      return { path: at, found: showValue(error.data), allowed: describeRule(error) };
  }
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
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    path = Array.isArray(at) ? `${path}[${key}]` : join(path, key);
    at = Array.isArray(at) ? at[Number(key)] : isRecord(at) ? at[key] : undefined;
  }
  return path;
}

function join(path: string, key: string): string {
  const name = /^[\w$-]+$/.test(key) ? key : JSON.stringify(key);
  return path === "" ? name : `${path}.${name}`;
}

function showAll(values: unknown): string {
  return Array.isArray(values) ? values.map(showValue).join(", ") : showValue(values);
}

/** Alternatives of a union repeat themselves; each path and rule is told once, and the union's own line not at all. */
function uniqueFaults(faults: readonly Fault[]): Fault[] {
  const seen = new Map<string, Fault>();
  for (const fault of faults) seen.set(`${fault.path}\0${fault.allowed}`, fault);
  const distinct = [...seen.values()];
  const telling = distinct.filter((fault) => !/^it (match|NOT)/.test(fault.allowed));
  return telling.length > 0 ? telling : distinct;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
