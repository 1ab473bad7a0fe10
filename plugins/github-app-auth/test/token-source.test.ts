import { eventually } from "@molecule/test/support/eventually.js";
import { TOKEN_SHAPES } from "@molecule/test/support/github-app.js";
import { expect } from "chai";
import type { GithubAppConfig } from "../dist/config.js";
import { failureOf, useSource } from "./support/source.js";

const MINUTE = 60_000;

describe("the source of installation tokens", () => {
  const bench = useSource();
  const never = () => new AbortController().signal;
  const take = () => bench().source.token(never());

  it("tells GitHub of the app by a JWT that is back-dated by 60 s and valid for 9 minutes", async () => {
    const { github, clock } = bench();
    const { expiresAt } = await take();
    const now = clock.now() / 1000;
    expect(github.mints.map(({ claims }) => claims)).to.deep.equal([
      { alg: "RS256", iss: github.appId, iat: now - 60, exp: now + 480 },
    ]);
    expect(expiresAt.getTime()).to.equal(clock.now() + 60 * MINUTE);
  });

  for (const [shape, length] of [
    ["classic", 40],
    ["jwt", 520],
  ] as const) {
    it(`takes a token of ${length} characters as it is`, async () => {
      bench().github.newToken = TOKEN_SHAPES[shape];
      const { token } = await take();
      expect(token).to.have.lengthOf(length);
      expect(bench().github.mints[0]?.token).to.equal(token);
    });
  }

  it("asks for the repositories and permissions of its config, and for all without", async () => {
    const { github } = bench();
    await take();
    const config: GithubAppConfig = { repositories: ["one"], permissions: { contents: "write" } };
    await bench().another(config).token(never());
    expect(github.mints.map(({ scope }) => scope)).to.deep.equal([{}, config]);
  });

  it("keeps the tokens of different scopes and installations apart", async () => {
    const { github } = bench();
    const [all, some] = await Promise.all([
      bench().another({}).token(never()),
      bench()
        .another({ repositories: ["one"] })
        .token(never()),
    ]);
    expect(all.token).to.not.equal(some.token);
    expect((await failureOf(bench().another({}, "111").token(never()))).code).to.equal(
      "GITHUB_INSTALLATION_UNKNOWN",
    );
    expect(github.mints).to.have.lengthOf(2);
  });

  describe("fault 38: many callers at once, cold", () => {
    it("mints one token for 50 callers", async () => {
      const tokens = await Promise.all(Array.from({ length: 50 }, take));
      expect(new Set(tokens.map(({ token }) => token)).size).to.equal(1);
      expect(bench().github.requests).to.equal(1);
    });

    it("gives the one refusal to all of them", async () => {
      bench().github.fault = { status: 404 };
      const errors = await Promise.all(Array.from({ length: 50 }, () => failureOf(take())));
      expect(new Set(errors.map(({ code }) => code))).to.deep.equal(new Set(["GITHUB_INSTALLATION_UNKNOWN"]));
      expect(bench().github.requests).to.equal(1);
    });

    it("lets one caller go without ending the mint for the others", async () => {
      const { source, github } = bench();
      const leaving = new AbortController();
      const left = source.token(leaving.signal).catch((error: unknown) => error);
      const staying = take();
      leaving.abort(new Error("gone"));
      expect(await left).to.have.property("message", "gone");
      expect((await staying).token).to.equal(github.mints[0]?.token);
    });
  });

  describe("fault 39: a token near its end", () => {
    it("is kept until 5 minutes before, and then replaced", async () => {
      const { clock, github } = bench();
      const first = await take();
      await clock.advance(55 * MINUTE - 1);
      expect(await take()).to.equal(first);
      await clock.advance(1);
      const second = await take();
      expect(second.token).to.not.equal(first.token);
      expect(github.mints).to.have.lengthOf(2);
    });

    it("is given while it lasts, when GitHub gives no newer one", async () => {
      const { clock, github } = bench();
      const first = await take();
      github.fault = { status: 403 };
      await clock.advance(56 * MINUTE);
      expect(await take()).to.equal(first);
      await clock.advance(4 * MINUTE);
      expect((await failureOf(take())).code).to.equal("GITHUB_APP_FORBIDDEN");
    });

    it("is replaced in time though somebody set the clock back", async () => {
      const { clock, github } = bench();
      await take();
      clock.jump(-30 * MINUTE);
      github.now = () => clock.now() + 30 * MINUTE;
      await clock.advance(56 * MINUTE);
      await take();
      expect(github.mints).to.have.lengthOf(2);
    });
  });

  describe("fault 37: GitHub refuses, hangs, or has another time", () => {
    const refusals = [
      [
        401,
        "GITHUB_APP_NOT_ACCEPTED",
        "check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY_FILE belong together",
      ],
      [403, "GITHUB_APP_FORBIDDEN", "installation 67890 (403); check that the installation is not suspended"],
      [404, "GITHUB_INSTALLATION_UNKNOWN", "app 12345 has no installation 67890 (404)"],
      [422, "GITHUB_TOKEN_SCOPE_REFUSED", '"repositories" or "permissions"'],
    ] as const;
    for (const [status, code, text] of refusals) {
      it(`says what a ${status} means, and asks again after 30 s at the earliest`, async () => {
        const { clock, github, log } = bench();
        github.fault = { status };
        const error = await failureOf(take());
        expect(error.code).to.equal(code);
        expect(error.message).to.contain(text).and.not.contain("said GitHub");
        expect(log.lines.at(-1)?.fields).to.deep.equal({ status, said: "said GitHub" });
        await clock.advance(29_999);
        expect(await failureOf(take())).to.equal(error);
        expect(github.requests).to.equal(1);
        github.fault = undefined;
        await clock.advance(1);
        expect((await take()).token).to.equal(github.mints[0]?.token);
      });
    }

    it("tries a 500 three times, and then rests longer each time", async () => {
      const { clock, github } = bench();
      github.fault = { status: 500 };
      for (const [mints, restMs] of [1_000, 2_000, 4_000].entries()) {
        const failing = failureOf(take());
        for (const waitMs of [500, 2_000]) {
          // The 15 s of the mint, and the wait before the next try.
          await eventually(() => clock.pendingTimers === 2);
          await clock.advance(waitMs);
        }
        const error = await failing;
        expect(error.code).to.equal("GITHUB_UNAVAILABLE");
        expect(error.message).to.contain("it answers 500");
        expect(github.requests).to.equal(3 * (mints + 1));
        await clock.advance(restMs - 1);
        expect(await failureOf(take())).to.equal(error);
        expect(github.requests).to.equal(3 * (mints + 1));
        await clock.advance(1);
      }
    });

    it("gets over a single 502", async () => {
      const { clock, github } = bench();
      github.faults.push({ status: 502, body: "<html>" });
      const taking = take();
      await eventually(() => clock.pendingTimers === 2);
      await clock.advance(500);
      expect((await taking).token).to.equal(github.mints[0]?.token);
    });

    it("gives up after 15 s without an answer", async () => {
      const { clock, github } = bench();
      github.fault = "hang";
      const failing = failureOf(take());
      await eventually(() => github.requests === 1);
      await clock.advance(15_000);
      const error = await failing;
      expect(error.code).to.equal("GITHUB_NOT_ANSWERING");
      expect(error.message).to.contain("within 15 s");
      expect(github.requests).to.equal(1);
      expect(clock.pendingTimers).to.equal(0);
    });

    it("ends a running mint when the plugin is disabled", async () => {
      const { clock, github, stop } = bench();
      github.fault = "hang";
      const failing = failureOf(take());
      await eventually(() => github.requests === 1);
      stop.abort();
      expect((await failing).code).to.equal("GITHUB_PLUGIN_STOPPED");
      expect(clock.pendingTimers).to.equal(0);
    });

    it("waits as long as GitHub asks for, by Retry-After and by the reset of the rate limit", async () => {
      const { clock, github } = bench();
      const reset = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(clock.now() / 1000 + 300) };
      github.faults.push({ status: 429, headers: { "retry-after": "120" } }, { status: 403, headers: reset });
      await failureOf(take());
      await clock.advance(119_999);
      await failureOf(take());
      expect(github.requests).to.equal(1);
      await clock.advance(1);
      await failureOf(take());
      await clock.advance(179_999);
      await failureOf(take());
      expect(github.requests).to.equal(2);
      await clock.advance(1);
      await take();
    });

    for (const minutes of [10, -10]) {
      it(`works with a clock that is ${minutes} minutes off, and tells the token's end by that clock`, async () => {
        const { clock, github } = bench();
        github.now = () => clock.now() + minutes * MINUTE;
        const { expiresAt } = await take();
        expect(github.requests).to.equal(2);
        expect(expiresAt.getTime() - clock.now()).to.be.within(59 * MINUTE, 61 * MINUTE);
        await clock.advance(56 * MINUTE);
        await take();
        expect(github.requests, "the difference is remembered").to.equal(3);
      });
    }

    for (const [what, body] of [
      ["no JSON", "<html>"],
      ["no token", '{"expires_at":"2026-06-01T13:00:00Z"}'],
      ["no expiry", '{"token":"ghs_abcdefgh"}'],
      [
        "a token that no header can hold",
        '{"token":"ghs_abc\\r\\nX: y","expires_at":"2026-06-01T13:00:00Z"}',
      ],
      ["more than a megabyte", `"${"x".repeat(1_100_000)}"`],
    ] as const) {
      it(`takes a 201 with ${what} for what it is`, async () => {
        const { clock, github } = bench();
        github.fault = { status: 201, body };
        const failing = failureOf(take());
        for (const waitMs of [500, 2_000]) {
          await eventually(() => clock.pendingTimers === 2);
          await clock.advance(waitMs);
        }
        expect((await failing).code).to.equal("GITHUB_UNAVAILABLE");
      });
    }

    it("sends its credentials to no other address", async () => {
      const { clock, github } = bench();
      github.fault = { status: 307, headers: { location: "http://localhost:1/" } };
      const failing = failureOf(take());
      for (const waitMs of [500, 2_000]) {
        await eventually(() => clock.pendingTimers === 2);
        await clock.advance(waitMs);
      }
      expect((await failing).message).to.contain("redirect");
    });
  });
});
