import { CodedError, type EnvMutator } from "@molecule/core";
import { ManualClock } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { TOKEN_SHAPES } from "@molecule/test/support/github-app.js";
import { expect } from "chai";
import { ask, bearer } from "../ask.js";
import { ADMIN_TOKEN, usePlatforms, type RunningPlatform } from "../platform.js";

const END = new Date("2026-06-01T13:00:00Z");
const REFUSED = '{"error":"token refresh failed","code":"TOKEN_REFRESH_FAILED"}';

describe("the routes of GitHub tokens", () => {
  const suite = usePlatforms();

  const offer = (platform: RunningPlatform, name: string, token: NonNullable<EnvMutator["token"]>) =>
    platform.kernel.registries.envMutators.add({ name, mutate: () => undefined, token });
  const get = async (platform: RunningPlatform, path: string, token: string) => {
    const { status, text } = await ask(platform.url + path, { headers: bearer(token) });
    return { status, text };
  };
  const own = (id: string) => `/workspaces/${id}/github-installation-token`;

  for (const [shape, newToken] of Object.entries(TOKEN_SHAPES)) {
    it(`give the first provider's token to the workspace itself and to administrators: ${shape}`, async () => {
      const platform = await suite.start();
      const { id, token } = await suite.addAgent(platform);
      const asked: unknown[] = [];
      const fresh = newToken();
      offer(platform, "first", ({ workspaceId }) => {
        asked.push(workspaceId);
        return Promise.resolve({ token: fresh, expiresAt: END });
      });
      offer(platform, "second", () => Promise.reject(new Error("not asked")));
      const expected = { status: 200, text: `{"token":"${fresh}","expires_at":"2026-06-01T13:00:00.000Z"}` };
      expect(await get(platform, own(id), token)).to.deep.equal(expected);
      expect(await get(platform, own(id), ADMIN_TOKEN)).to.deep.equal(expected);
      expect(await get(platform, "/admin/github-installation-token", ADMIN_TOKEN)).to.deep.equal(expected);
      expect(asked).to.deep.equal([id, id, null]);
    });
  }

  it("give nothing to another workspace, nor an admin's token to a workspace", async () => {
    const platform = await suite.start();
    offer(platform, "a", () => Promise.reject(new Error("not asked")));
    const [one, other] = [await suite.addAgent(platform), await suite.addAgent(platform)];
    expect((await get(platform, own(one.id), other.token)).status).to.equal(401);
    expect((await get(platform, "/admin/github-installation-token", one.token)).status).to.equal(401);
  });

  it("say so when there is no provider, or no such workspace", async () => {
    const platform = await suite.start();
    const { id, token } = await suite.addAgent(platform);
    expect(await get(platform, own(id), token)).to.deep.equal({
      status: 404,
      text: '{"error":"no GitHub App configured","code":"NO_TOKEN_PROVIDER"}',
    });
    const nobody = "00000000-0000-4000-8000-00000000dead";
    expect((await get(platform, own(nobody), ADMIN_TOKEN)).text).to.contain("WORKSPACE_NOT_FOUND");
  });

  for (const [what, error] of [
    ["a coded error", new CodedError("GITHUB_APP_FORBIDDEN", "installation 67890 is suspended")],
    ["any other", new Error("connect ECONNREFUSED 10.1.2.3:443")],
  ] as const) {
    it(`tell nothing of what went wrong upstream, and log it: ${what}`, async () => {
      const platform = await suite.start();
      offer(platform, "a", () => Promise.reject(error));
      expect(await get(platform, "/admin/github-installation-token", ADMIN_TOKEN)).to.deep.equal({
        status: 502,
        text: REFUSED,
      });
      const line = platform.log.lines.find(({ message }) => message.startsWith("token refresh failed"));
      expect(line?.message).to.contain(error.message);
    });
  }

  it("end when the provider hangs", async () => {
    const clock = new ManualClock();
    const platform = await suite.start({ clock });
    let calls = 0;
    offer(platform, "a", () => {
      calls += 1;
      return new Promise(() => undefined);
    });
    const answer = get(platform, "/admin/github-installation-token", ADMIN_TOKEN);
    await eventually(() => calls === 1);
    await clock.advance(20_000);
    expect(await answer).to.deep.equal({ status: 502, text: REFUSED });
  });
});
