import { expect } from "chai";
import { ask, bearer } from "../ask.js";
import { ADMIN_TOKEN, DEVELOPMENT, usePlatforms } from "../platform.js";

const LISTED = { Origin: "http://localhost:3000" };

describe("cors", () => {
  const platforms = usePlatforms();

  it("answers a preflight of a listed origin with 204 and what is allowed", async () => {
    const { url } = await platforms.start();
    const { status, text, headers } = await ask(`${url}/workspaces`, {
      method: "OPTIONS",
      headers: {
        ...LISTED,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
      },
    });
    expect(status).to.equal(204);
    expect(text).to.equal("");
    expect(headers).to.include({
      "access-control-allow-origin": "http://localhost:3000",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
      "access-control-allow-headers": "Origin, Content-Type, X-Workspace-ID, Authorization",
      vary: "Origin",
    });
  });

  it("echoes the listed origin on answers and on errors, so that the page can read both", async () => {
    const { url } = await platforms.start({ config: { rateLimitPerMinute: 2 } });
    for (const status of [200, 401, 429]) {
      const path = status === 200 ? "/health" : "/workspaces";
      const answer = await ask(url + path, { headers: LISTED });
      expect(answer.status).to.equal(status);
      expect(answer.headers["access-control-allow-origin"]).to.equal("http://localhost:3000");
      expect(answer.headers["access-control-allow-credentials"]).to.equal("true");
    }
  });

  it("refuses a cross-origin request that is not listed, preflight or not, even with the admin token", async () => {
    const { url } = await platforms.start();
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const answer = await ask(`${url}/workspaces`, {
        method,
        headers: {
          Origin: "http://evil.example",
          "Access-Control-Request-Method": "POST",
          ...bearer(ADMIN_TOKEN),
        },
      });
      expect(answer.status).to.equal(403);
      expect(answer.headers).not.to.have.property("access-control-allow-origin");
      expect(answer.body).to.deep.equal({
        error:
          'the origin "http://evil.example" is not allowed; allowed: the origins of CORS_ORIGINS and the platform\'s own page',
        code: "ORIGIN_REFUSED",
      });
    }
  });

  it("leaves requests of programs and of the host's own page alone", async () => {
    const { url } = await platforms.start({ config: DEVELOPMENT });
    for (const headers of [{}, { Origin: url }]) {
      const answer = await ask(`${url}/workspaces`, { method: "POST", headers, body: { name: "x" } });
      expect(answer.status).to.equal(201);
      expect(answer.headers).not.to.have.property("access-control-allow-origin");
      expect(answer.headers.vary).to.equal("Origin");
    }
  });
});
