import { expect } from "chai";
import { ask } from "../ask.js";
import { usePlatforms } from "../platform.js";

describe("securityHeaders", () => {
  const platforms = usePlatforms();

  it("are on every answer, errors included", async () => {
    const { url } = await platforms.start();
    for (const path of ["/health", "/workspaces", "/nothing"]) {
      expect((await ask(url + path)).headers).to.include({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "referrer-policy": "no-referrer",
        "content-security-policy":
          "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      });
    }
  });
});
