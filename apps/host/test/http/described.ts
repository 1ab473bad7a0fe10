import { compileValidator, formatFaults, type Validator } from "@molecule/core";
import { expect } from "chai";
import { isRecord } from "../../dist/http/record.js";

/** Checks answers against an OpenAPI document: nothing may be answered that it does not describe. */
export class Description {
  readonly #document: Readonly<Record<string, unknown>>;
  readonly #validators = new Map<string, Validator>();

  /** @param document as `GET /openapi.json` gives it */
  constructor(document: unknown) {
    if (!isRecord(document)) throw new Error("the description is no object");
    this.#document = document;
  }

  /** Expects the answer to be one that the document has for the route. */
  expectDescribed(
    method: string,
    path: string,
    answer: { readonly status: number; readonly body: unknown },
  ): void {
    const route = `${method.toLowerCase()} ${this.#template(path)} ${answer.status}`;
    const faults = this.#validator(route)(answer.body);
    expect(formatFaults(faults), route).to.equal("");
  }

  #template(path: string): string {
    const pathname = new URL(path, "http://host").pathname;
    const templates = Object.keys(record(this.#document.paths));
    const exact = templates.find((each) => each === pathname);
    const match = templates.find((each) =>
      new RegExp(`^${each.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname),
    );
    return exact ?? match ?? pathname;
  }

  #validator(route: string): Validator {
    const known = this.#validators.get(route);
    if (known !== undefined) return known;
    const [method = "", template = "", status = ""] = route.split(" ");
    const operation = record(record(record(this.#document.paths)[template])[method]);
    const response = record(record(operation.responses)[status], `a description of ${route}`);
    const { schema } = record(record(response.content)["application/json"]);
    const { Error: errorSchema } = record(record(this.#document.components).schemas);
    const isError = record(schema).$ref === "#/components/schemas/Error";
    const validator = compileValidator(record(isError ? errorSchema : schema));
    this.#validators.set(route, validator);
    return validator;
  }
}

function record(value: unknown, what = "an object"): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new Error(`expected ${what} in the description`);
  return value;
}
