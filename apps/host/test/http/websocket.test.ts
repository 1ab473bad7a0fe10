import { once } from "node:events";
import { expect } from "chai";
import { ManualClock } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { addWorkspace } from "../storage/databases.js";
import { ask, bearer } from "./ask.js";
import { ADMIN_TOKEN, DEVELOPMENT, usePlatforms, type RunningPlatform } from "./platform.js";
import { connect, connected, type WsClient, type WsOptions } from "./ws-client.js";

const LISTED = { Origin: "http://localhost:3000" };
const CANVAS: WsOptions = { headers: { ...LISTED, ...bearer(ADMIN_TOKEN) } };

describe("the WebSocket", () => {
  const platforms = usePlatforms();

  const refusal = async (platform: RunningPlatform, options: WsOptions, path = "/ws") => {
    const client = await connect(platform.url + path, options);
    if ("status" in client) return `${client.status} ${client.text}`;
    client.socket.terminate();
    return "connected";
  };
  const agentOf = ({ id, token }: { id: string; token: string }): WsOptions => ({
    headers: { "X-Workspace-ID": id, ...bearer(token) },
  });
  const publish = (platform: RunningPlatform, workspaceId: string | null, type = "TEST", payload = {}) => {
    platform.events.publish({ type, workspaceId, payload });
  };
  const typesSeen = (client: WsClient) =>
    client.frames.map((frame) =>
      typeof frame === "object" && frame !== null && "event" in frame ? frame.event : frame,
    );
  const until = (client: WsClient, count: number) => eventually(() => client.frames.length >= count);
  const end = async (...clients: WsClient[]) => {
    for (const { socket, closed } of clients) {
      socket.close();
      await closed;
    }
  };

  describe("admits", () => {
    it("a canvas of a listed origin with the admin token, by header or subprotocol", async () => {
      const platform = await platforms.start();
      expect(await refusal(platform, CANVAS)).to.equal("connected");
      const byProtocol = await connected(`${platform.url}/ws`, {
        headers: LISTED,
        protocols: [`bearer.${ADMIN_TOKEN}`],
      });
      expect(byProtocol.socket.protocol).to.equal(`bearer.${ADMIN_TOKEN}`);
      const withName = await connected(`${platform.url}/ws`, {
        headers: LISTED,
        protocols: [`bearer.${ADMIN_TOKEN}`, "molecule"],
      });
      expect(withName.socket.protocol).to.equal("molecule");
      await end(byProtocol, withName);
    });

    it("no canvas without the admin token, unless in Dev", async () => {
      const strict = await platforms.start();
      expect(await refusal(strict, { headers: LISTED })).to.equal(
        '401 {"error":"admin auth required","code":"ADMIN_AUTH_REQUIRED"}',
      );
      expect(await refusal(strict, { headers: { ...LISTED, ...bearer("wrong") } })).to.equal(
        '401 {"error":"invalid admin auth token","code":"ADMIN_TOKEN_INVALID"}',
      );
      const dev = await platforms.start({ config: DEVELOPMENT });
      expect(await refusal(dev, { headers: LISTED })).to.equal("connected");
      expect(await refusal(dev, { headers: { Origin: dev.url } }), "its own page").to.equal("connected");
    });

    it("no origin that is not listed, and no canvas without an origin, with whatever token", async () => {
      const platform = await platforms.start();
      const { id, token } = await platforms.addAgent(platform);
      const evil = { Origin: "http://evil.example" };
      expect(await refusal(platform, { headers: { ...evil, ...bearer(ADMIN_TOKEN) } })).to.match(
        /^403 .*"code":"ORIGIN_REFUSED"/,
      );
      expect(
        await refusal(platform, { headers: { ...evil, "X-Workspace-ID": id, ...bearer(token) } }),
      ).to.match(/^403 /);
      expect(await refusal(platform, { headers: bearer(ADMIN_TOKEN) })).to.match(
        /^403 {"error":"no Origin was sent; allowed/,
      );
    });

    it("no page in Dev whose name was pointed at this machine", async () => {
      const platform = await platforms.start({ config: DEVELOPMENT });
      const host = `evil.example:${platform.port}`;
      expect(await refusal(platform, { headers: { Host: host, Origin: `http://${host}` } })).to.match(
        /^401 /,
      );
    });

    it("an agent with the own token of its workspace only", async () => {
      for (const config of [{}, DEVELOPMENT]) {
        const platform = await platforms.start({ config });
        const [own, other] = [await platforms.addAgent(platform), await platforms.addAgent(platform)];
        expect(await refusal(platform, agentOf(own))).to.equal("connected");
        expect(await refusal(platform, agentOf({ id: own.id, token: other.token }))).to.equal(
          '401 {"error":"invalid workspace auth token","code":"WORKSPACE_TOKEN_INVALID"}',
        );
        expect(await refusal(platform, { headers: { "X-Workspace-ID": own.id } })).to.equal(
          '401 {"error":"missing workspace auth token","code":"WORKSPACE_TOKEN_MISSING"}',
        );
        expect(await refusal(platform, { headers: { "X-Workspace-ID": "x" } })).to.equal(
          '400 {"error":"invalid workspace ID","code":"INVALID_WORKSPACE_ID"}',
        );
      }
    });

    it("nothing elsewhere than on /ws, nothing for another organisation, and nothing over the rate limit", async () => {
      const platform = await platforms.start();
      expect(await refusal(platform, CANVAS, "/elsewhere")).to.match(/^404 .*ROUTE_NOT_FOUND/);
      const tenant = await platforms.start({ config: { orgId: "org-1" } });
      expect(await refusal(tenant, CANVAS)).to.match(/^404 .*ROUTE_NOT_FOUND/);
      const named = { headers: { ...CANVAS.headers, "X-Molecule-Org-Id": "org-1" } };
      expect(await refusal(tenant, named)).to.equal("connected");
      const limited = await platforms.start({ config: { rateLimitPerMinute: 1 } });
      expect((await ask(`${limited.url}/health`)).status).to.equal(200);
      expect(await refusal(limited, CANVAS)).to.match(
        /^429 {"error":"rate limit exceeded","retry_after":\d+/,
      );
    });

    it("what is no path of this host with 404, also where it is no URL", async () => {
      const platform = await platforms.start();
      const headers = { Connection: "Upgrade", Upgrade: "websocket", ...bearer(ADMIN_TOKEN) };
      for (const path of ["//", "//ws", "/ws/", "/nowhere?path=/ws"]) {
        expect((await ask(platform.url + path, { headers })).status, path).to.equal(404);
      }
      expect(platform.log.lines.filter(({ level }) => level === "error")).to.deep.equal([]);
    });

    it("a plain request with 426", async () => {
      const platform = await platforms.start();
      const answer = await ask(`${platform.url}/ws`);
      expect(answer.status).to.equal(426);
      expect(answer.headers.upgrade).to.equal("websocket");
    });
  });

  describe("tells", () => {
    it("a canvas of every event, stored ones after their commit, in frames of the contract", async () => {
      const platform = await platforms.start();
      const canvas = await connected(`${platform.url}/ws`, CANVAS);
      const answer = await ask(`${platform.url}/workspaces`, {
        method: "POST",
        headers: bearer(ADMIN_TOKEN),
        body: { name: "Far", external: true },
      });
      expect(answer.status).to.equal(201);
      await until(canvas, 1);
      const [stored] = await platform.events.list({ limit: 1 });
      expect(canvas.frames).to.deep.equal([
        {
          event: "WORKSPACE_AWAITING_AGENT",
          workspace_id: stored?.workspace_id,
          timestamp: stored?.created_at,
          payload: { name: "Far", external: true },
        },
      ]);
      publish(platform, null, "NOT_STORED", { text: "🤖" });
      await until(canvas, 2);
      expect(canvas.frames[1]).to.include({ event: "NOT_STORED", workspace_id: null });
      await end(canvas);
    });

    it("an agent of itself, its siblings and its line only", async () => {
      const platform = await platforms.start();
      const own = await platforms.addAgent(platform);
      const child = await addWorkspace(platforms.database.db, { parent_id: own.id });
      const root = await addWorkspace(platforms.database.db);
      const nephew = await addWorkspace(platforms.database.db, { parent_id: root });
      const agent = await connected(`${platform.url}/ws`, agentOf(own));
      publish(platform, own.id, "OWN");
      publish(platform, nephew, "NEPHEW");
      publish(platform, child, "CHILD");
      publish(platform, null, "OF_NOBODY");
      publish(platform, root, "SIBLING");
      await until(agent, 3);
      expect(typesSeen(agent)).to.deep.equal(["OWN", "CHILD", "SIBLING"]);
      await end(agent);
    });

    it("an agent of its workspace's end, and then ends with 1008, since its token has", async () => {
      const platform = await platforms.start();
      const [own, other] = [await platforms.addAgent(platform), await platforms.addAgent(platform)];
      const agent = await connected(`${platform.url}/ws`, agentOf(own));
      const sibling = await connected(`${platform.url}/ws`, agentOf(other));
      await ask(`${platform.url}/workspaces/${own.id}`, { method: "DELETE", headers: bearer(ADMIN_TOKEN) });
      expect((await agent.closed).code).to.equal(1008);
      expect(typesSeen(agent)).to.deep.equal(["WORKSPACE_REMOVED"]);
      await until(sibling, 1);
      expect(sibling.socket.readyState).to.equal(sibling.socket.OPEN);
      await end(sibling);
    });

    it("canvases and agents of however much happens at once: they are not behind for what the connection takes", async () => {
      const platform = await platforms.start();
      const own = await platforms.addAgent(platform);
      const canvas = await connected(`${platform.url}/ws`, CANVAS);
      const agent = await connected(`${platform.url}/ws`, agentOf(own));
      const sent = Array.from({ length: 1_000 }, (_, n) => `BURST_${n}`);
      for (const type of sent) publish(platform, own.id, type);
      for (const client of [canvas, agent]) {
        await until(client, sent.length);
        expect(typesSeen(client)).to.deep.equal(sent);
      }
      await end(canvas, agent);
    });

    it("no client that reads nothing for ever, also when all happens at once", async () => {
      const platform = await platforms.start();
      const deaf = await connected(`${platform.url}/ws`, CANVAS);
      deaf.socket.pause();
      const payload = { padding: "x".repeat(64 * 1024) };
      for (let n = 0; n < 1_000; n += 1) publish(platform, null, "BIG", payload);
      deaf.socket.resume();
      expect(await deaf.closed).to.deep.equal({ code: 1013, reason: "too far behind; reload" });
      expect(deaf.frames.length).to.be.within(256, 999);
    });

    it("a client no more that is over 256 frames behind: it is closed with 1013, and others are not", async function () {
      this.timeout(240_000);
      const platform = await platforms.start();
      const [slow, quick] = [
        await connected(`${platform.url}/ws`, CANVAS),
        await connected(`${platform.url}/ws`, CANVAS),
      ];
      slow.socket.pause();
      const payload = { padding: "x".repeat(64 * 1024) };
      // Room is made for the quick one after each frame; the slow one's fill the connection's buffers, then the count.
      const sent = 600;
      for (let n = 0; n < sent; n += 1) {
        const arrived = once(quick.socket, "message");
        publish(platform, null, "BIG", payload);
        await arrived;
      }
      slow.socket.resume();
      expect(await slow.closed).to.deep.equal({ code: 1013, reason: "too far behind; reload" });
      expect(slow.frames.length).to.be.within(256, sent - 1);
      expect(quick.frames).to.have.length(sent);
      await end(quick);
    });
  });

  it("pings every 30 s, and cuts who did not answer the ping before", async () => {
    const clock = new ManualClock();
    const platform = await platforms.start({ clock });
    const alive = await connected(`${platform.url}/ws`, CANVAS);
    const dead = await connected(`${platform.url}/ws`, { ...CANVAS, autoPong: false });
    const pinged = [once(alive.socket, "ping"), once(dead.socket, "ping")];
    await clock.advance(30_000);
    await Promise.all(pinged);
    // The pong is on its way; a frame to and fro behind it makes sure that it has arrived.
    const pong = once(alive.socket, "pong");
    alive.socket.ping();
    await pong;
    const again = once(alive.socket, "ping");
    await clock.advance(30_000);
    await again;
    expect((await dead.closed).code).to.equal(1006);
    expect(alive.socket.readyState).to.equal(alive.socket.OPEN);
    await end(alive);
  });

  it("drops what clients say, and ends those who say too much with 1009", async () => {
    const platform = await platforms.start();
    const canvas = await connected(`${platform.url}/ws`, CANVAS);
    canvas.socket.send("hello");
    canvas.socket.send("x".repeat(65_537));
    expect((await canvas.closed).code).to.equal(1009);
    expect((await ask(`${platform.url}/health`)).status).to.equal(200);
  });

  it("ends with 1012 when the platform stops, also for a client that says nothing to it", async () => {
    const platform = await platforms.start();
    const polite = await connected(`${platform.url}/ws`, CANVAS);
    const deaf = await connected(`${platform.url}/ws`, CANVAS);
    deaf.socket.pause();
    await platform.close();
    expect((await polite.closed).code).to.equal(1012);
    deaf.socket.resume();
    await deaf.closed;
  });
});
