import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { readInstanceId } from "../../dist/storage/installation.js";
import { KINDS, useDatabase } from "./databases.js";

for (const kind of KINDS) {
  describe(`readInstanceId on ${kind}`, () => {
    const suite = useDatabase(kind);

    it("makes the id once and answers the same one from then on", async () => {
      const [first, second] = [randomUUID(), randomUUID()];
      expect(await readInstanceId(suite.db, () => first)).to.equal(first);
      expect(await readInstanceId(suite.db, () => second)).to.equal(first);
    });

    if (kind === "postgres") {
      it("gives the same id to all who ask at the same time", async () => {
        const ids = await Promise.all(Array.from({ length: 8 }, () => readInstanceId(suite.db, randomUUID)));
        expect(new Set(ids).size).to.equal(1);
      });
    }
  });
}
