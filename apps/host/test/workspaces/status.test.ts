import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { WORKSPACE_STATUSES } from "../../dist/storage/schema.js";

const GUIDE = new URL("../../../../docs/operating.md", import.meta.url);

describe("the statuses of a workspace", () => {
  it("are those that docs/operating.md explains, in the same order", async () => {
    const section = /^## Statuses$(.*?)^## /ms.exec(await readFile(GUIDE, "utf8"))?.[1] ?? "";
    const explained = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, status]) => status);
    expect(explained).to.deep.equal([...WORKSPACE_STATUSES]);
  });
});
