import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { format } from "prettier";
import { renderOpenApi } from "../../dist/http/openapi.js";
import { isRecord } from "../../dist/http/record.js";
import { ROUTES } from "../../dist/http/routes/index.js";

const COPY = fileURLToPath(new URL("../../openapi.json", import.meta.url));

describe("renderOpenApi", () => {
  it("gives what apps/host/openapi.json says; UPDATE_OPENAPI=1 writes it anew", async () => {
    const rendered = renderOpenApi(ROUTES);
    if (process.env.UPDATE_OPENAPI === "1") {
      await writeFile(COPY, await format(JSON.stringify(rendered), { parser: "json", printWidth: 110 }));
    }
    const copy: unknown = JSON.parse(await readFile(COPY, "utf8"));
    expect(copy).to.deep.equal(JSON.parse(JSON.stringify(rendered)));
  });

  it("describes every route once, its path parameters included", () => {
    const { paths } = renderOpenApi(ROUTES);
    if (!isRecord(paths)) throw new Error("no paths");
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(isRecord(operations) ? operations : {}).map(([method, operation]) => ({
        name: `${method} ${path}`,
        operation,
      })),
    );
    const names = ROUTES.map(
      ({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
    );
    expect(described.map(({ name }) => name)).to.have.members(names);
    for (const { name, operation } of described) {
      const parameters = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      expect(JSON.stringify(operation), name).to.satisfy((text: string) =>
        parameters.every((parameter) => text.includes(`"name":"${parameter}","in":"path","required":true`)),
      );
      expect(operation, name).to.have.nested.property("responses.429");
      expect(operation, name).to.have.property("security");
    }
  });
});
