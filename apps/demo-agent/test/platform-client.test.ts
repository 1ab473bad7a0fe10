import { getEventListeners } from "node:events";
import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { systemClock } from "../dist/clock.js";
import { PlatformClient } from "../dist/platform-client.js";
import { StandInPlatform, type Script } from "./support/stand-in-platform.js";
import { StandingClock } from "./support/test-clocks.js";

describe("PlatformClient", () => {
  let platform: StandInPlatform;
  const { signal } = new AbortController();

  beforeEach(async () => {
    platform = new StandInPlatform();
    await platform.start();
  });
  afterEach(() => platform.stop());

  const post = (script: Script, token: string | null = "secret-token") => {
    platform.answer = () => script;
    return new PlatformClient({ baseUrl: `${platform.url}/base`, clock: systemClock }).post(
      "/x",
      { a: 1 },
      token,
      signal,
    );
  };

  it("posts JSON with the token as bearer", async () => {
    expect(await post({ status: 200, body: {} })).to.deep.equal({ kind: "accepted", authToken: null });
    expect(platform.calls).to.deep.equal([
      {
        path: "/base/x",
        authorization: "Bearer secret-token",
        contentType: "application/json",
        body: { a: 1 },
      },
    ]);
  });

  it("sends no Authorization without a token, and hands on the one it is given", async () => {
    const answer = await post({ status: 201, body: { auth_token: "fresh" } }, null);
    expect(answer).to.deep.equal({ kind: "accepted", authToken: "fresh" });
    expect(platform.calls[0]?.authorization).to.be.undefined;
  });

  it("reads 404 as removed", async () => {
    expect(await post({ status: 404, body: { error: "workspace not found" } })).to.deep.equal({
      kind: "removed",
      text: '404 "workspace not found"',
    });
  });

  for (const status of [400, 401, 403, 413]) {
    it(`reads ${status} as refused`, async () => {
      const answer = await post({ status, body: { error: "no" } });
      expect(answer).to.deep.equal({ kind: "refused", status, text: `${status} "no"` });
    });
  }

  for (const status of [408, 429, 500, 503]) {
    it(`reads ${status} as a reason to come again, after what Retry-After says`, async () => {
      const answer = await post({ status, body: "no JSON", headers: { "retry-after": "3" } });
      expect(answer).to.deep.equal({ kind: "unavailable", text: String(status), retryAfterMs: 3000 });
    });
  }

  it("does not carry the token to where a redirect points", async () => {
    const answer = await post({ status: 307, body: {}, headers: { location: "/elsewhere" } });
    expect(answer).to.deep.equal({ kind: "refused", status: 307, text: "307" });
    expect(platform.calls).to.have.length(1);
  });

  for (const body of ["<html>", "[1]", '"text"', ""]) {
    it(`takes 200 with ${JSON.stringify(body)} for no platform`, async () => {
      expect(await post({ status: 200, body })).to.deep.equal({
        kind: "refused",
        status: 200,
        text: "200 without a JSON object: no platform answers there",
      });
    });
  }

  it("reads no more than 64 KiB of an answer", async () => {
    const answer = await post({ status: 400, body: { error: "x".repeat(70_000) } });
    expect(answer).to.deep.equal({ kind: "refused", status: 400, text: "400" });
  });

  it("repeats the platform's words shortened, on one line and without the token", async () => {
    const answer = await post({ status: 400, body: { error: `bad\nsecret-token ${"x".repeat(300)}` } });
    expect(answer).to.have.property("text", `400 "bad\\n*** ${"x".repeat(192)}"`);
  });

  it("tells why no connection comes about", async () => {
    await platform.stop();
    expect(await post({ status: 200, body: {} })).to.deep.equal({
      kind: "unavailable",
      text: "no connection (ECONNREFUSED)",
      retryAfterMs: null,
    });
  });

  it("gives up on a platform that does not answer within 10 s, and leaves neither timer nor listener", async () => {
    platform.answer = () => "hang";
    const clock = new StandingClock();
    const answer = new PlatformClient({ baseUrl: platform.url, clock }).post("/x", {}, null, signal);
    await eventually(() => platform.calls.length === 1);
    clock.pass();
    expect(await answer).to.deep.equal({
      kind: "unavailable",
      text: "no answer within 10 s",
      retryAfterMs: null,
    });
    expect(clock.waiting).to.equal(0);
    expect(getEventListeners(signal, "abort")).to.deep.equal([]);
  });

  it("ends a request at once when told to stop", async () => {
    platform.answer = () => "hang";
    const clock = new StandingClock();
    const stop = new AbortController();
    const answer = new PlatformClient({ baseUrl: platform.url, clock }).post("/x", {}, null, stop.signal);
    await eventually(() => platform.calls.length === 1);
    stop.abort();
    expect(await answer).to.have.property("kind", "unavailable");
    expect(clock.waiting).to.equal(0);
  });
});
