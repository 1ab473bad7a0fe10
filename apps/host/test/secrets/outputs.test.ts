import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "@molecule/test/support/eventually.js";
import { startHost, type ApiAnswer, type RunningHost } from "@molecule/test/support/host.js";
import { usePostgres } from "@molecule/test/support/postgres.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { isRecord } from "../../dist/http/record.js";
import { bearer } from "../http/ask.js";
import { connect } from "../http/ws-client.js";

const ADMIN_TOKEN = "planted-admin-token-1";
const WORKSPACE_SECRET = 'planted "workspace" secret/2';
const GLOBAL_SECRET = "planted-global-secret+3";
const DATABASE_PASSWORD = "planted-database-password-4";
const ENCRYPTION_KEY = Buffer.alloc(32, 5).toString("base64");

/** A workspace that prints all that it knows, as the worst agent may. */
const MANIFEST = {
  version: 1,
  plugins: [],
  workspace_templates: [
    {
      name: "chatty",
      command: ["/bin/sh", "-c", 'env; cat "$WORKSPACE_CONFIG_PATH/.auth_token"; exec sleep 600'],
    },
  ],
};

/** The forms in which a value may come out. */
function forms(value: string): string[] {
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    Buffer.from(value).toString("base64").replace(/=+$/, ""),
  ];
}

describe("no output of a host", function () {
  this.timeout(180_000);

  it("holds a secret: not the log, no answer, no event, no frame", async function () {
    const database = new URL((await (await usePostgres(this)).freshDatabase()).url);
    // A server that trusts this machine takes any password; one that has a password keeps it.
    if (database.password === "") database.password = DATABASE_PASSWORD;
    const manifest = join(await tempDir(), "manifest.json");
    await writeFile(manifest, JSON.stringify(MANIFEST));
    const host = await startHost({
      manifest,
      env: {
        DATABASE_URL: database.href,
        ADMIN_TOKEN,
        CONTAINER_RUNTIME: "process",
        SECRETS_ENCRYPTION_KEYS: `k1:${ENCRYPTION_KEY}`,
        LOG_LEVEL: "debug",
        HOST: "127.0.0.1",
      },
    });
    const world = await plant(host);
    const planted = [
      ADMIN_TOKEN,
      WORKSPACE_SECRET,
      GLOBAL_SECRET,
      decodeURIComponent(database.password),
      ENCRYPTION_KEY,
      world.orgToken,
      world.agentToken,
    ];
    const quoted = planted.join(" and ");
    const outputs: string[] = [];
    const keep = (answer: ApiAnswer) => void outputs.push(answer.text);

    // What agents say, with their secrets in it.
    const card = { name: quoted, skills: [{ id: quoted }] };
    const register = { id: world.agent, url: "http://localhost:9", agent_card: card };
    keep(await host.api("POST", "/registry/register", register, bearer(world.agentToken)));
    const beat = { workspace_id: world.agent, error_rate: 0.9, sample_error: quoted, current_task: quoted };
    keep(await host.api("POST", "/registry/heartbeat", beat, bearer(world.agentToken)));
    const update = { workspace_id: world.agent, agent_card: { [quoted]: quoted } };
    keep(await host.api("POST", "/registry/update-card", update, bearer(world.agentToken)));
    // What callers get wrong, with secrets in it.
    for (const [path, body] of [
      ["/workspaces", { name: quoted, tier: GLOBAL_SECRET, secrets: { A: { b: GLOBAL_SECRET } } }],
      ["/workspaces", { name: `x ${GLOBAL_SECRET}`, runtime: ADMIN_TOKEN }],
      ["/workspaces", { name: "x", workspace_dir: GLOBAL_SECRET, workspace_access: "read_only" }],
      ["/settings/secrets", { key: GLOBAL_SECRET, value: 7 }],
      ["/admin/env/preview", { workspace_id: world.chatty, disable: [GLOBAL_SECRET] }],
      ["/admin/env/preview", { workspace_id: world.chatty }],
      [`/admin/loops/${encodeURIComponent(GLOBAL_SECRET)}`, { action: WORKSPACE_SECRET }],
    ] as const) {
      keep(await host.api("POST", path, body, bearer(ADMIN_TOKEN)));
    }

    const printed = await eventually(
      async () => {
        const answer = await host.api(
          "GET",
          `/workspaces/${world.chatty}/console`,
          undefined,
          bearer(ADMIN_TOKEN),
        );
        return answer.text.includes("GLOBAL_KEY=") ? answer : undefined;
      },
      { what: "the workspace has printed its environment", timeoutMs: 60_000 },
    );
    expect(printed.text).to.contain("OWN_KEY=***").and.contain("GLOBAL_KEY=***");
    for (const answer of await getAll(host, [world.chatty, world.agent])) keep(answer);
    outputs.push(
      ...host.lines.map(({ text }) => text),
      ...world.frames().map((frame) => JSON.stringify(frame)),
    );
    await world.leave();

    expect(outputs.length).to.be.greaterThan(60);
    expect(world.frames().length).to.be.greaterThan(3);
    for (const [index, value] of planted.entries()) {
      for (const form of forms(value)) {
        const found = outputs.filter((text) => text.includes(form)).map((text) => text.slice(0, 400));
        expect(found, `planted value ${index}`).to.deep.equal([]);
      }
    }

    await host.api("DELETE", `/workspaces/${world.agent}`, undefined, bearer(ADMIN_TOKEN));
    expect(await host.stop()).to.equal(0);
    expect(JSON.stringify(host.lines)).to.not.contain("planted");
  });
});

/** Sets the secrets, makes the tokens, an agent that is external and a workspace that prints all; and listens. */
async function plant(host: RunningHost) {
  const admin = bearer(ADMIN_TOKEN);
  const listener = await connect(`${host.url}/ws`, {
    headers: { ...admin, Origin: "http://localhost:3000" },
  });
  if (!("frames" in listener)) throw new Error(listener.text);
  await host.api("PUT", "/settings/secrets", { key: "GLOBAL_KEY", value: GLOBAL_SECRET }, admin);
  const external = await host.api(
    "POST",
    "/workspaces",
    { name: "Agent", external: true, secrets: { OWN_KEY: WORKSPACE_SECRET } },
    admin,
  );
  const chatty = await host.api(
    "POST",
    "/workspaces",
    { name: "Chatty", runtime: "chatty", secrets: { OWN_KEY: WORKSPACE_SECRET } },
    admin,
  );
  const org = await host.api("POST", "/org/tokens", { name: "ci" }, admin);
  const orgToken = textOf(org.body, "auth_token");
  // It is seen by the host once more, as any of its tokens is.
  await host.api("GET", "/workspaces", undefined, bearer(orgToken));
  const connection = isRecord(external.body) ? external.body.connection : undefined;
  return {
    agent: textOf(external.body, "id"),
    agentToken: textOf(connection, "auth_token"),
    chatty: textOf(chatty.body, "id"),
    orgToken,
    frames: () => listener.frames,
    leave: async () => {
      listener.socket.terminate();
      await listener.closed;
    },
  };
}

/** The answers of every GET route that the host describes, for each workspace; but the one whose answer is the values. */
async function getAll(host: RunningHost, workspaces: readonly string[]): Promise<ApiAnswer[]> {
  const { body } = await host.api("GET", "/openapi.json");
  if (!isRecord(body) || !isRecord(body.paths)) throw new Error("no paths");
  const paths = Object.entries(body.paths)
    .filter(([, operations]) => isRecord(operations) && "get" in operations)
    .map(([path]) => path)
    .filter((path) => path !== "/workspaces/{id}/secrets/values" && path !== "/ws");
  expect(paths.length).to.be.greaterThan(20);
  const answers: ApiAnswer[] = [];
  for (const id of workspaces) {
    for (const path of paths) {
      const filled = path.replaceAll(/\{(id|workspaceId)\}/g, id).replaceAll(/\{\w+\}/g, "x");
      answers.push(
        await host.api("GET", filled, undefined, { ...bearer(ADMIN_TOKEN), "X-Workspace-ID": id }),
      );
    }
  }
  return answers;
}

function textOf(body: unknown, name: string): string {
  const value = isRecord(body) ? body[name] : undefined;
  if (typeof value !== "string") throw new Error(`no ${name} in ${JSON.stringify(body)}`);
  return value;
}
