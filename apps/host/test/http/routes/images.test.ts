import { createHmac } from "node:crypto";
import { expect } from "chai";
import type { HttpDependencies } from "../../../dist/http/dependencies.js";
import type { ImageStatus } from "../../../dist/images/image-service.js";
import { imageErrors } from "../../../dist/errors/images.js";
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

/** A token as a registry may quote it, and images that failed so. */
const TOKEN = `ghp_${"a1B2".repeat(9)}`;
const REASON = `the registry answers 400: what is ${TOKEN}?`;
const FAILED_CHECK: ImageStatus = {
  runtime: "demo",
  image: "registry.example/demo:latest",
  source: "registry",
  digest: null,
  pending_digest: null,
  last_check: { at: "2026-01-01T00:00:00.000Z", outcome: "failed", digest: null, error: REASON },
  rollout: null,
  running: [],
  quarantine: [],
};

describe("routes of images", () => {
  const platforms = usePlatforms();
  const report = { pulled: [], failed: ["demo"], recreated: [], rolled_back: [], errors: { demo: REASON } };

  it("mask what registries say in every answer", async () => {
    let isListed = true;
    const images = {
      hint: () => undefined,
      overview: () => Promise.resolve([FAILED_CHECK]),
      refresh: () =>
        isListed
          ? Promise.resolve(report)
          : Promise.reject(
              imageErrors.IMAGE_CONTAINERS_NOT_LISTED({ reason: REASON, partial_result: report }),
            ),
    };
    const { url } = await platforms.start({ config: DEVELOPMENT, images });
    const refresh = () => ask(`${url}/admin/workspace-images/refresh`, { method: "POST" });
    const answers = [await ask(`${url}/admin/workspace-images`), await refresh()];
    isListed = false;
    answers.push(await refresh());
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 500]);
    for (const { text } of answers) {
      expect(text).to.include("the registry answers 400: what is ").and.not.include(TOKEN);
    }
    expect(answers[2]?.body).to.have.nested.property("partial_result.failed[0]", "demo");
  });
});

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
    const tooLarge = "x".repeat(1_048_577);
    for (const [signature, body] of [
      [null, BODY],
      [signed(BODY), BODY],
      [signed(BODY, ""), BODY],
      [null, tooLarge],
    ] as const) {
      const answer = await send(url, signature, body);
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
