import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { ask } from "../ask.js";
import { ADMIN_TOKEN, usePlatforms } from "../platform.js";

describe("the routes that probes call", () => {
  const suite = usePlatforms();

  it("tell anybody which loop has no success and why, without the secrets in its error", async () => {
    const platform = await suite.start();
    const { loops, supervisor } = platform.kernel.registries;
    const loop = {
      name: "bad-loop",
      intervalMs: 10,
      timeoutMs: 1_000,
      runAtStart: true,
      tick: () => Promise.reject(new Error(`401 for Bearer ${ADMIN_TOKEN}`)),
    };
    loops.add(loop);
    supervisor.adopt(loop);
    const ready = await eventually(
      async () => {
        const answer = await ask(`${platform.url}/ready`);
        return answer.text.includes("bad-loop: 401") ? answer : undefined;
      },
      { what: "the loop makes the host unready" },
    );
    expect(ready.status).to.equal(503);
    expect(ready.body).to.have.nested.property("checks.loops.detail", "bad-loop: 401 for Bearer ***");
    expect(ready.text).to.contain('"status":"unavailable"').and.not.contain(ADMIN_TOKEN);
    expect((await ask(`${platform.url}/health`)).text).to.equal('{"status":"ok"}');
  });
});
