import { expect } from "chai";
import { ManualClock } from "@molecule/core/testing";
import { ask } from "../ask.js";
import { DEVELOPMENT, usePlatforms } from "../platform.js";

describe("rateLimit", () => {
  const platforms = usePlatforms();

  it("counts a peer's requests, answers 429 over the limit, and starts anew after a minute", async () => {
    const clock = new ManualClock();
    const { url } = await platforms.start({ clock, config: { rateLimitPerMinute: 2 } });
    const first = await ask(`${url}/health`);
    expect(first.headers).to.include({
      "x-ratelimit-limit": "2",
      "x-ratelimit-remaining": "1",
      "x-ratelimit-reset": "60",
    });
    expect((await ask(`${url}/health`)).headers["x-ratelimit-remaining"]).to.equal("0");
    await clock.advance(20_000);
    const over = await ask(`${url}/health`);
    expect(over.status).to.equal(429);
    expect(over.text).to.equal('{"error":"rate limit exceeded","retry_after":40,"code":"RATE_LIMITED"}');
    expect(over.headers).to.include({ "retry-after": "40", "x-ratelimit-remaining": "0" });
    await clock.advance(40_000);
    expect((await ask(`${url}/health`)).status).to.equal(200);
  });

  it("does not believe X-Forwarded-For, which would give a client a new count with each request", async () => {
    const { url } = await platforms.start({ config: { rateLimitPerMinute: 1 } });
    const statuses = [];
    for (const client of ["203.0.113.1", "203.0.113.2"]) {
      statuses.push((await ask(`${url}/health`, { headers: { "X-Forwarded-For": client } })).status);
    }
    expect(statuses).to.deep.equal([200, 429]);
  });

  it("counts the clients of a trusted proxy one by one, and holds for them in development too", async () => {
    const config = { ...DEVELOPMENT, trustedProxies: ["127.0.0.0/8"], rateLimitPerMinute: 1 };
    const { url } = await platforms.start({ config });
    const from = async (client: string) =>
      (await ask(`${url}/health`, { headers: { "X-Forwarded-For": client } })).status;
    expect([await from("203.0.113.1"), await from("203.0.113.2")]).to.deep.equal([200, 200]);
    expect([await from("203.0.113.1"), await from("198.51.100.1, 203.0.113.2")]).to.deep.equal([429, 429]);
    const admin = await ask(`${url}/workspaces`, { headers: { "X-Forwarded-For": "203.0.113.3" } });
    expect(admin.status).to.equal(401);
    expect((await ask(`${url}/workspaces`)).status).to.equal(200);
  });

  it("does not hold for programs of this machine in development", async () => {
    for (const config of [DEVELOPMENT, { environment: "development" as const }]) {
      const { url } = await platforms.start({ config: { ...config, rateLimitPerMinute: 1 } });
      for (let n = 0; n < 3; n += 1) {
        const answer = await ask(`${url}/health`);
        expect(answer.status).to.equal(200);
        expect(answer.headers).not.to.have.property("x-ratelimit-limit");
      }
    }
  });
});
