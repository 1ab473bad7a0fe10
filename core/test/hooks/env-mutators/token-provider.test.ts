import { CodedError, type EnvMutator, type InstallationToken } from "@molecule/core";
import { ManualClock } from "@molecule/core/testing";
import { expect } from "chai";
import { askTokenProvider, findTokenProvider } from "../../../dist/src/hooks/env-mutators/token-provider.js";
import { codedFailureOf } from "../../support/failures.js";

const TOKEN: InstallationToken = { token: "ghs_abc", expiresAt: new Date("2026-01-01T00:00:00Z") };

describe("token providers", () => {
  const registered = (name: string, token?: EnvMutator["token"]) => ({
    contribution: { name, mutate: () => undefined, ...(token === undefined ? {} : { token }) },
    owner: { plugin: `${name}-plugin`, version: "1.0.0", order: 1 },
  });
  const ask = (
    token: EnvMutator["token"],
    clock = new ManualClock(),
    signal = new AbortController().signal,
  ) => askTokenProvider(registered("a", token), { workspaceId: "w", signal }, clock);

  it("are mutators with a token method; the first of the chain is taken", () => {
    const [none, one, two] = [
      registered("none"),
      registered("one", () => Promise.resolve(TOKEN)),
      registered("two", () => Promise.resolve(TOKEN)),
    ];
    expect(findTokenProvider([none])).to.equal(undefined);
    expect(findTokenProvider([none, one, two])).to.equal(one);
  });

  it("are told which workspace asks, and give token and end", async () => {
    const asked: unknown[] = [];
    const answer = await ask((ctx) => {
      asked.push(ctx.workspaceId);
      return Promise.resolve(TOKEN);
    });
    expect(answer).to.equal(TOKEN);
    expect(asked).to.deep.equal(["w"]);
  });

  it("are aborted and named when they don't answer within 20 s", async () => {
    const clock = new ManualClock();
    let signal: AbortSignal | undefined;
    let done = false;
    const failing = codedFailureOf(() =>
      ask((ctx) => {
        signal = ctx.signal;
        return new Promise(() => undefined);
      }, clock),
    ).finally(() => {
      done = true;
    });
    await clock.advance(19_999);
    expect(done).to.be.false;
    await clock.advance(1);
    expect(await failing).to.include({
      code: "TOKEN_PROVIDER_TIMEOUT",
      message: 'plugin "a-plugin": token() of mutator "a" did not answer within 20000 ms',
    });
    expect(signal?.aborted).to.be.true;
    expect(clock.pendingTimers).to.equal(0);
  });

  it("are named when they throw; their coded errors stay", async () => {
    const failed = await codedFailureOf(() => ask(() => Promise.reject(new Error("boom"))));
    expect(failed.code).to.equal("TOKEN_PROVIDER_FAILED");
    expect(failed.message).to.equal('plugin "a-plugin": token() of mutator "a" failed: boom');
    const own = new CodedError("OWN", "own text");
    expect(await codedFailureOf(() => ask(() => Promise.reject(own)))).to.equal(own);
  });

  for (const [what, value] of [
    ["nothing", undefined],
    ["an empty token", { ...TOKEN, token: "" }],
    ["a token with a line break", { ...TOKEN, token: "ghs_a\r\nX: y" }],
    ["an expiry that is no date", { ...TOKEN, expiresAt: "2026-01-01T00:00:00Z" }],
    ["an expiry that is no time", { ...TOKEN, expiresAt: new Date(Number.NaN) }],
  ] as const) {
    it(`are named when they give ${what}`, async () => {
      const token = { token: () => Promise.resolve(TOKEN) };
      Reflect.set(token, "token", () => Promise.resolve(value));
      expect((await codedFailureOf(() => ask(token.token))).code).to.equal("TOKEN_PROVIDER_INVALID");
    });
  }
});
