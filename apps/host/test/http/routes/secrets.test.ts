import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ManualClock } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { addWorkspace } from "../../storage/databases.js";
import { ShelfRuntime } from "../../workspaces/shelf-runtime.js";
import { ask, bearer, type Answer } from "../ask.js";
import { ADMIN_TOKEN, usePlatforms, type RunningPlatform } from "../platform.js";

const VALUE = "planted-value-0123456789";

describe("the routes of the secrets", () => {
  const platforms = usePlatforms();
  const call = (
    { url }: RunningPlatform,
    method: string,
    path: string,
    body?: unknown,
    token: string = ADMIN_TOKEN,
  ): Promise<Answer> => ask(url + path, { method, body, headers: bearer(token) });
  const names = ({ body }: Answer): string[] =>
    Array.isArray(body)
      ? body.map(({ key, scope }: { key: string; scope: string }) => `${key} ${scope}`)
      : [JSON.stringify(body)];

  it("keep, list, hand to the workspace and forget secrets; its own win over those of all", async () => {
    const platform = await platforms.start();
    const { id, token } = await platforms.addAgent(platform);
    const path = `/workspaces/${id}/secrets`;
    expect((await call(platform, "GET", path)).text).to.equal("[]");
    const saved = await call(platform, "POST", path, { key: "B_KEY", value: VALUE });
    expect(`${saved.status} ${saved.text}`).to.equal('200 {"status":"saved","key":"B_KEY"}');
    await call(platform, "PUT", path, { key: "A_KEY", value: "own-value" }, token);
    await call(platform, "PUT", `${path}/B_KEY`, { value: `${VALUE}-2` });
    await call(platform, "POST", "/settings/secrets", { key: "A_KEY", value: "hidden-value" });
    await call(platform, "PUT", "/settings/secrets/G_KEY", { value: "global-value" });
    expect(names(await call(platform, "GET", path))).to.deep.equal([
      "A_KEY workspace",
      "B_KEY workspace",
      "G_KEY global",
    ]);
    expect(names(await call(platform, "GET", "/settings/secrets"))).to.deep.equal([
      "A_KEY global",
      "G_KEY global",
    ]);
    expect((await call(platform, "GET", `${path}/values`, undefined, token)).body).to.deep.equal({
      A_KEY: "own-value",
      B_KEY: `${VALUE}-2`,
      G_KEY: "global-value",
    });
    const deleted = await call(platform, "DELETE", `${path}/A_KEY`);
    expect(deleted.text).to.equal('{"status":"deleted","key":"A_KEY"}');
    expect((await call(platform, "DELETE", `${path}/A_KEY`)).status).to.equal(404);
    expect((await call(platform, "DELETE", "/settings/secrets/G_KEY")).status).to.equal(200);
    expect(names(await call(platform, "GET", path))).to.deep.equal(
      ["A_KEY global", "B_KEY workspace"].sort().reverse(),
    );
  });

  it("give values to the workspace itself only, and never in a list", async () => {
    const platform = await platforms.start();
    const { id } = await platforms.addAgent(platform);
    const other = await platforms.addAgent(platform);
    await call(platform, "POST", `/workspaces/${id}/secrets`, { key: "KEY", value: VALUE });
    for (const token of [ADMIN_TOKEN, other.token]) {
      expect(
        (await call(platform, "GET", `/workspaces/${id}/secrets/values`, undefined, token)).status,
      ).to.equal(401);
    }
    expect(
      (await call(platform, "GET", `/workspaces/${id}/secrets`, undefined, other.token)).status,
    ).to.equal(401);
    expect((await call(platform, "GET", `/workspaces/${id}/secrets`)).text).to.not.contain(VALUE);
  });

  it("refuse bad names and values with every fault, and show no value", async () => {
    const platform = await platforms.start();
    const { id } = await platforms.addAgent(platform);
    const path = `/workspaces/${id}/secrets`;
    for (const [body, fault] of [
      [{ key: "WORKSPACE_ID", value: "x" }, /key: found "WORKSPACE_ID", allowed: any name but WORKSPACE_ID/],
      [{ key: "1A", value: "" }, /key: found "1A".*\n.*value: found an empty text/],
      [{ key: "A=B", value: "x" }, /key: found "A=B", allowed: letters, digits and _/],
      [{ key: "A", value: "x".repeat(65_537) }, /value: found 65537 bytes, allowed: 65536 bytes at most/],
      [{ key: "A", value: 123_456_789 }, /value: found something else, allowed: a value of type string/],
      [`{"key":"A","value":"${VALUE}`, /found something else, allowed: a JSON text/],
    ] as const) {
      for (const target of [path, "/settings/secrets"]) {
        const answer = await call(platform, "POST", target, body);
        expect(answer.status, JSON.stringify(body).slice(0, 60)).to.equal(400);
        expect(answer.body).to.have.property("code", "INVALID_SECRET");
        expect(answer.body).to.have.property("error").that.matches(fault);
        expect(answer.text).to.not.contain("123456789").and.not.contain("planted");
      }
    }
    expect((await call(platform, "GET", path)).text).to.equal("[]");
  });

  it("answer 404 for a workspace that is not there or is removed, and for names that can't be", async () => {
    const platform = await platforms.start();
    const removed = await addWorkspace(platforms.database.db, { status: "removed" });
    for (const id of [randomUUID(), removed]) {
      const path = `/workspaces/${id}/secrets`;
      expect((await call(platform, "GET", path)).status).to.equal(404);
      expect((await call(platform, "POST", path, { key: "A", value: "x" })).status).to.equal(404);
      expect((await call(platform, "DELETE", `${path}/A`)).status).to.equal(404);
      expect((await call(platform, "GET", `/workspaces/${id}/model`)).status).to.equal(404);
      expect((await call(platform, "PUT", `/workspaces/${id}/model`, { model: "m" })).status).to.equal(404);
    }
    expect((await call(platform, "DELETE", "/settings/secrets/%00")).status).to.equal(404);
  });

  it("keep the secrets that a workspace is created with, in the same transaction", async () => {
    const platform = await platforms.start();
    const created = await call(platform, "POST", "/workspaces", {
      name: "A",
      external: true,
      secrets: { FIRST: VALUE, SECOND: "second-value" },
    });
    const id = /"id":"([^"]+)"/.exec(created.text)?.[1] ?? "";
    const token = /"auth_token":"([^"]+)"/.exec(created.text)?.[1] ?? "";
    expect(
      (await call(platform, "GET", `/workspaces/${id}/secrets/values`, undefined, token)).body,
    ).to.deep.equal({
      FIRST: VALUE,
      SECOND: "second-value",
    });
    const refused = await call(platform, "POST", "/workspaces", {
      name: "B",
      runtime: "demo",
      secrets: { "a b": VALUE, PLATFORM_URL: VALUE },
    });
    expect(refused.status).to.equal(400);
    expect(refused.body).to.have.property("code", "INVALID_SECRET");
    expect(refused.text).to.contain("secrets").and.contain("PLATFORM_URL").and.not.contain(VALUE);
    const count = await platforms.database.db.selectFrom("workspaces").select("id").execute();
    expect(count).to.have.length(1);
  });

  it("are gone with a workspace that is purged", async () => {
    const platform = await platforms.start();
    const { id } = await platforms.addAgent(platform);
    await call(platform, "POST", `/workspaces/${id}/secrets`, { key: "KEY", value: VALUE });
    await call(platform, "DELETE", `/workspaces/${id}?purge=true`);
    expect(await platforms.database.db.selectFrom("secrets").select("id").execute()).to.deep.equal([]);
  });

  it("show and set the model", async () => {
    const platform = await platforms.start();
    const id = await addWorkspace(platforms.database.db);
    const path = `/workspaces/${id}/model`;
    expect((await call(platform, "GET", path)).text).to.equal('{"model":"","source":"default"}');
    expect((await call(platform, "PUT", path, { model: " m-1 " })).text).to.equal(
      '{"status":"saved","model":"m-1"}',
    );
    expect((await call(platform, "GET", path)).text).to.equal('{"model":"m-1","source":"workspace"}');
    expect((await call(platform, "PUT", path, { model: "x".repeat(101) })).status).to.equal(400);
    expect((await call(platform, "PUT", path, { model: "a\nb" })).status).to.equal(400);
    expect((await call(platform, "PUT", path, { model: "" })).text).to.equal(
      '{"status":"cleared","model":""}',
    );
    expect((await call(platform, "GET", path)).text).to.equal('{"model":"","source":"default"}');
  });

  it("are masked in what a workspace says that was handed them here, though another host has set them", async () => {
    const options = { clock: new ManualClock() };
    const [here, there] = [await platforms.start(options), await platforms.start(options)];
    const { id, token } = await platforms.addAgent(here);
    const say = (summary: string) =>
      call(here, "POST", `/workspaces/${id}/activity`, { activity_type: "agent_log", summary }, token);
    await say("nothing yet");
    await call(there, "PUT", `/workspaces/${id}/secrets`, { key: "KEY", value: VALUE });
    const values = await call(here, "GET", `/workspaces/${id}/secrets/values`, undefined, token);
    expect(values.body).to.deep.equal({ KEY: VALUE });
    expect((await say(`my key is ${VALUE}`)).status).to.equal(200);
    const said = await call(here, "GET", `/workspaces/${id}/activity`);
    expect(said.text).to.contain("my key is ***").and.not.contain(VALUE);
  });

  it("of a workspace that could not be made are known to nobody", async () => {
    const platform = await platforms.start();
    const body = { name: "A", parent_id: randomUUID(), secrets: { KEY: VALUE } };
    expect((await call(platform, "POST", "/workspaces", body)).status).to.equal(400);
    expect(platform.masker.mask(VALUE) === VALUE).to.equal(true);
  });

  it("launch a workspace of a template with the model that was set", async () => {
    const folder = await tempDir();
    await mkdir(join(folder, "acme"));
    await writeFile(join(folder, "acme", "config.yaml"), "runtime: demo\nmodel: m-0 # ours\n");
    const [clock, runtime] = [new ManualClock(), new ShelfRuntime()];
    const platform = await platforms.start({ clock, runtime, env: { WORKSPACE_TEMPLATES_DIR: folder } });
    const { text } = await call(platform, "POST", "/workspaces", { name: "A", template: "acme" });
    const id = /"id":"([^"]+)"/.exec(text)?.[1] ?? "";
    const launchedWith = async (attempt: number) => {
      const launch = () => Promise.resolve(runtime.shelves.get(id)?.containers.get(attempt));
      const { files } = await eventually(launch, { what: `launch ${attempt}` });
      return String(files.find(({ path }) => path === "/configs/config.yaml")?.content);
    };
    expect(await launchedWith(1)).to.equal("runtime: demo\nmodel: m-0 # ours\n");
    const path = `/workspaces/${id}/model`;
    expect((await call(platform, "GET", path)).text).to.equal('{"model":"m-0","source":"template"}');
    const bundle = await call(platform, "GET", `/bundles/export/${id}`);
    expect(bundle.text).to.contain('"model":"m-0"');
    await call(platform, "PUT", path, { model: "m-1" });
    await clock.advance(500);
    expect(await launchedWith(2)).to.equal("runtime: demo\nmodel: m-1 # ours\n");
  });

  describe("restart", () => {
    const attempts = async () => {
      const rows = await platforms.database.db
        .selectFrom("workspaces")
        .select(["name", "attempt"])
        .orderBy("name")
        .execute();
      return rows.map(({ name, attempt }) => `${name} ${attempt}`);
    };

    it("a workspace once for changes that follow on each other, after the answers", async () => {
      const clock = new ManualClock();
      const platform = await platforms.start({ clock, runtime: new ShelfRuntime() });
      const { db } = platforms.database;
      const id = await addWorkspace(db, { name: "own" });
      await addWorkspace(db, { name: "other" });
      for (const key of ["A", "B", "C"]) {
        await call(platform, "POST", `/workspaces/${id}/secrets`, { key, value: "x" });
        await clock.advance(400);
        expect(await attempts()).to.deep.equal(["other 1", "own 1"]);
      }
      await clock.advance(100);
      await eventually(async () => (await attempts()).includes("own 2"));
      await call(platform, "DELETE", `/workspaces/${id}/secrets/A`);
      await clock.advance(500);
      await eventually(async () => (await attempts()).includes("own 3"));
      expect(await attempts()).to.deep.equal(["other 1", "own 3"]);
    });

    it("after 5 s, however fast changes follow on each other", async () => {
      const clock = new ManualClock();
      const platform = await platforms.start({ clock, runtime: new ShelfRuntime() });
      const id = await addWorkspace(platforms.database.db, { name: "own" });
      for (let n = 0; n < 12; n += 1) {
        await call(platform, "POST", `/workspaces/${id}/secrets`, { key: "A", value: `value ${n}` });
        await clock.advance(450);
      }
      await eventually(async () => (await attempts()).includes("own 2"));
    });

    it("for a secret of all those that run with it, and none that hides it, is paused, external or removed", async () => {
      const clock = new ManualClock();
      const platform = await platforms.start({ clock, runtime: new ShelfRuntime() });
      const { db } = platforms.database;
      for (const status of [
        "online",
        "degraded",
        "provisioning",
        "failed",
        "offline",
        "paused",
        "removed",
      ] as const) {
        await addWorkspace(db, { name: status, status });
      }
      await addWorkspace(db, { name: "external", external: true });
      const hiding = await addWorkspace(db, { name: "hiding", status: "paused" });
      await call(platform, "POST", `/workspaces/${hiding}/secrets`, { key: "KEY", value: "own" });
      await clock.advance(500);
      await db.updateTable("workspaces").set({ status: "online" }).where("id", "=", hiding).execute();
      await call(platform, "POST", "/settings/secrets", { key: "KEY", value: "x" });
      await clock.advance(500);
      for (const restarted of ["degraded 2", "online 2", "provisioning 2"]) {
        await eventually(async () => (await attempts()).includes(restarted));
      }
      expect(await attempts()).to.deep.equal([
        "degraded 2",
        "external 1",
        "failed 1",
        "hiding 1",
        "offline 1",
        "online 2",
        "paused 1",
        "provisioning 2",
        "removed 1",
      ]);
    });

    it("at once when the host stops, so that no change is left behind", async () => {
      const platform = await platforms.start({ clock: new ManualClock(), runtime: new ShelfRuntime() });
      const id = await addWorkspace(platforms.database.db, { name: "own" });
      await call(platform, "POST", `/workspaces/${id}/secrets`, { key: "A", value: "x" });
      await platform.close();
      expect(await attempts()).to.deep.equal(["own 2"]);
    });
  });
});
