import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { isRecord } from "../../../dist/http/record.js";
import { addWorkspace } from "../../storage/databases.js";
import { ask, bearer, type Answer } from "../ask.js";
import { ADMIN_TOKEN, DEVELOPMENT, usePlatforms, type RunningPlatform } from "../platform.js";

function textOf({ body, text }: Answer, name: string): string {
  const value = isRecord(body) ? body[name] : undefined;
  if (typeof value !== "string") throw new Error(`no ${name} in ${text}`);
  return value;
}

describe("the routes of the tokens", () => {
  const platforms = usePlatforms();
  const call = (
    { url }: RunningPlatform,
    method: string,
    path: string,
    body?: unknown,
    token: string = ADMIN_TOKEN,
  ) => ask(url + path, { method, body, headers: bearer(token) });

  it("make, list and revoke org tokens, whose holders are administrators until then", async () => {
    const platform = await platforms.start();
    expect((await call(platform, "GET", "/org/tokens")).text).to.equal('{"tokens":[],"count":0}');
    const made = await call(platform, "POST", "/org/tokens", { name: " ci " });
    expect(made.status).to.equal(200);
    const [id, token] = [textOf(made, "id"), textOf(made, "auth_token")];
    expect(made.body).to.have.all.keys("id", "prefix", "name", "auth_token", "warning");
    expect(made.body).to.deep.include({ name: "ci", prefix: token.slice(0, 8) });
    expect((await call(platform, "GET", "/workspaces", undefined, token)).text).to.equal("[]");
    await platform.orgTokens.settle();
    const list = await call(platform, "GET", "/org/tokens");
    expect(list.text).to.contain(`"id":"${id}"`).and.contain('"last_used_at":').and.not.contain(token);
    expect((await call(platform, "DELETE", `/org/tokens/${id}`)).text).to.equal(`{"revoked":"${id}"}`);
    expect((await call(platform, "GET", "/workspaces", undefined, token)).status).to.equal(401);
    for (const unknown of [id, randomUUID(), "x", "%00"]) {
      expect((await call(platform, "DELETE", `/org/tokens/${unknown}`)).status, unknown).to.equal(404);
    }
    expect((await call(platform, "POST", "/org/tokens", { name: "x".repeat(101) })).status).to.equal(400);
    expect((await call(platform, "POST", "/org/tokens", { name: "a\0b" })).status).to.equal(400);
    expect((await call(platform, "POST", "/org/tokens", {})).body).to.not.have.property("name");
  });

  it("make, list and revoke the tokens of a workspace, 50 at most", async () => {
    const platform = await platforms.start();
    const { id, token } = await platforms.addAgent(platform);
    const path = `/workspaces/${id}/tokens`;
    const made = await call(platform, "POST", path, undefined, token);
    expect(made.status).to.equal(201);
    expect(made.body).to.have.all.keys("auth_token", "workspace_id", "message");
    const second = textOf(made, "auth_token");
    const list = await call(platform, "GET", path, undefined, token);
    if (!isRecord(list.body) || !Array.isArray(list.body.tokens)) throw new Error(list.text);
    expect(list.body.count).to.equal(2);
    const tokens: unknown[] = list.body.tokens;
    expect(tokens[1]).to.include({ prefix: second.slice(0, 8), last_used_at: null });
    expect(list.text).to.not.contain(second);
    const others = await Promise.all(Array.from({ length: 60 }, () => call(platform, "POST", path)));
    expect(others.filter(({ status }) => status === 201)).to.have.length(48);
    expect(others.find(({ status }) => status !== 201)?.text).to.match(
      /^{"error":"the workspace has 50 live.*"code":"TOKEN_LIMIT_REACHED"}$/,
    );
    const tokenId = isRecord(tokens[1]) ? String(tokens[1].id) : "";
    expect((await call(platform, "DELETE", `${path}/${tokenId}`)).text).to.equal('{"status":"revoked"}');
    expect((await call(platform, "GET", path, undefined, second)).status).to.equal(401);
    for (const unknown of [tokenId, randomUUID(), "x"]) {
      expect((await call(platform, "DELETE", `${path}/${unknown}`)).status).to.equal(404);
    }
    const stranger = await platforms.addAgent(platform);
    expect((await call(platform, "POST", path, undefined, stranger.token)).status).to.equal(401);
    expect((await call(platform, "POST", `/workspaces/${randomUUID()}/tokens`)).status).to.equal(404);
  });

  it("give test tokens in Dev, or to administrators where they are switched on; else the route is not there", async () => {
    const dev = await platforms.start({ config: DEVELOPMENT });
    const id = await addWorkspace(platforms.database.db);
    const path = `/admin/workspaces/${id}/test-token`;
    const given = await ask(dev.url + path);
    expect(given.body).to.have.all.keys("auth_token", "workspace_id");
    const read = await call(dev, "GET", `/workspaces/${id}`, undefined, textOf(given, "auth_token"));
    expect(read.status).to.equal(200);
    expect((await ask(`${dev.url}/admin/workspaces/${randomUUID()}/test-token`)).status).to.equal(404);

    const strict = await platforms.start();
    expect((await call(strict, "GET", path)).body).to.have.property("code", "ROUTE_NOT_FOUND");
    expect((await ask(strict.url + path)).status).to.equal(404);
    const on = await platforms.start({ config: { testTokens: true } });
    expect((await ask(on.url + path)).status).to.equal(401);
    expect((await call(on, "GET", path)).status).to.equal(200);
  });
});
