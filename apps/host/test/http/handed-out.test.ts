import { readFile } from "node:fs/promises";
import { HANDING_OUT } from "@molecule/test/support/secret-watch/handed-out.js";
import { expect } from "chai";
import { isRecord } from "../../dist/http/record.js";

describe("the routes that hand out secrets", () => {
  it("are all routes of the host: nothing is excused that is not there", async () => {
    const text = await readFile(new URL("../../openapi.json", import.meta.url), "utf8");
    const document: unknown = JSON.parse(text);
    const paths = isRecord(document) && isRecord(document.paths) ? Object.entries(document.paths) : [];
    for (const { method, path } of HANDING_OUT) {
      const operations = paths
        .filter(([template]) => path.test(template.replaceAll(/\{\w+\}/g, "x")))
        .map(([, each]) => (isRecord(each) ? each[method.toLowerCase()] : undefined))
        .filter(isRecord);
      expect(operations, `${method} ${path.source}`).not.to.have.length(0);
    }
  });
});
