import { createHmac } from "node:crypto";
import { expect } from "chai";
import type { HttpDependencies } from "../../../dist/http/dependencies.js";
import { ask } from "../ask.js";
import { DEVELOPMENT, usePlatforms } from "../platform.js";

const SECRET = "secret-of-the-webhook-tests";
const BODY = '{"action":"published"}';
const signed = (body: string, secret = SECRET) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

/** Counts the hints, and knows no image. */
class CountedHints implements NonNullable<HttpDependencies["images"]> {
  count = 0;

  hint(): void {
    this.count += 1;
  }

  overview() {
    return Promise.resolve([]);
  }

  refresh() {
    return Promise.resolve({ pulled: [], failed: [], recreated: [], rolled_back: [], errors: {} });
  }
}

describe("POST /webhooks/registry", () => {
  const platforms = usePlatforms();
  let hints: CountedHints;
  const start = (webhookSecret: string | null = SECRET, config = {}) => {
    hints = new CountedHints();
    return platforms.start({ config: { webhookSecret, ...config }, images: hints });
  };
  const send = (url: string, signature: string | null, body: string | Buffer = BODY) =>
    ask(`${url}/webhooks/registry`, {
      method: "POST",
      body,
      headers: signature === null ? {} : { "X-Hub-Signature-256": signature },
    });

  it("starts a check where the body is signed with the secret, whatever is in it", async () => {
    const { url } = await start();
    const answer = await send(url, signed(BODY));
    expect([answer.status, answer.text]).to.deep.equal([202, '{"status":"checking"}']);
    expect((await send(url, signed("not JSON"), "not JSON")).status).to.equal(202);
    expect((await send(url, signed(""), "")).status).to.equal(202);
    expect(hints.count).to.equal(3);
  });

  const bad: readonly (readonly [string, string | null])[] = [
    ["no signature", null],
    ["an empty one", ""],
    ["that of another secret", signed(BODY, "another secret")],
    ["that of another body", signed(`${BODY} `)],
    ["a shortened one", signed(BODY).slice(0, -1)],
    ["a lengthened one", `${signed(BODY)}0`],
    ["one without its algorithm", signed(BODY).replace("sha256=", "")],
    ["the secret itself", SECRET],
  ];
  for (const [what, signature] of bad) {
    it(`refuses ${what}, also in development`, async () => {
      for (const config of [{}, DEVELOPMENT]) {
        const { url } = await start(SECRET, config);
        const answer = await send(url, signature);
        expect(answer.status).to.equal(401);
        expect(answer.body).to.include({ code: "WEBHOOK_SIGNATURE_INVALID" });
        expect(answer.text).not.to.include(SECRET);
        expect(hints.count).to.equal(0);
      }
    });
  }

  it("is not there where no secret is set", async () => {
    const { url } = await start(null);
    for (const signature of [null, signed(BODY), signed(BODY, "")]) {
      const answer = await send(url, signature);
      expect(answer.status).to.equal(404);
      expect(answer.body).to.include({ code: "ROUTE_NOT_FOUND" });
    }
    expect(hints.count).to.equal(0);
  });

  it("takes no body over the limit of all bodies, however it is signed", async () => {
    const { url } = await start();
    const body = "x".repeat(1_048_577);
    const answer = await send(url, signed(body), body);
    expect(answer.status).to.equal(413);
    expect(answer.body).to.include({ code: "BODY_TOO_LARGE" });
    expect(hints.count).to.equal(0);
  });
});
