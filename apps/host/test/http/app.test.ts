import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { failure } from "../storage/failure.js";
import { ask } from "./ask.js";
import { DEVELOPMENT, usePlatforms } from "./platform.js";

const CREATE = "POST /workspaces HTTP/1.1\r\nHost: localhost\r\n";

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

describe("createHttpServer", () => {
  const platforms = usePlatforms();

  it("answers what has no route with 404 and an error body, whatever the method", async () => {
    const { url } = await platforms.start({ config: DEVELOPMENT });
    for (const [method, path] of [
      ["GET", "/"],
      ["GET", "/workspace"],
      ["PATCH", "/health"],
      ["OPTIONS", "/health"],
      ["GET", "/workspaces/%E0%A4%A/state/x"],
      ["GET", "//evil.example/%2e%2e"],
    ] as const) {
      const answer = await ask(url + path, { method });
      expect(answer.status, path).to.equal(404);
      expect(answer.headers["content-type"]).to.equal("application/json; charset=utf-8");
      expect(answer.body, path).to.have.property("code", "ROUTE_NOT_FOUND");
    }
  });

  it("answers HEAD as GET, without the body", async () => {
    const { url } = await platforms.start();
    const answer = await ask(`${url}/health`, { method: "HEAD" });
    expect(answer.status).to.equal(200);
    expect(answer.text).to.equal("");
    expect(answer.headers["content-length"]).to.equal("15");
  });

  it("refuses an id that is no UUID, however it is spelled, and a query that is none", async () => {
    const { url } = await platforms.start({ config: DEVELOPMENT });
    for (const id of [
      "x",
      "%00",
      "..%2f..",
      "%E0%A4%A",
      `urn:uuid:${crypto.randomUUID()}`,
      `${crypto.randomUUID()}0`,
    ]) {
      for (const path of [
        `/workspaces/${id}`,
        `/workspaces/${id}/state`,
        `/workspaces/${id}/env`,
        `/events/${id}`,
      ]) {
        const answer = await ask(url + path);
        expect(answer.status, path).to.equal(400);
        expect(answer.body).to.deep.equal({ error: "invalid workspace ID", code: "INVALID_WORKSPACE_ID" });
      }
    }
    for (const after of ["x", "-1", "1.5", "9".repeat(16), "%00", "1&after=2"]) {
      const answer = await ask(`${url}/events?after=${after}`);
      expect(answer.status, after).to.equal(400);
      expect(answer.body).to.have.property("code", "QUERY_INVALID");
    }
  });

  it("refuses what is no HTTP and stays up", async () => {
    const { port, url } = await platforms.start();
    for (const noise of [
      "\0\x01\x02\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      `GET / HTTP/1.1\r\nX: ${"y".repeat(20_000)}\r\n\r\n`,
    ]) {
      const socket = await open(port);
      socket.write(noise);
      expect(await textOf(socket)).to.match(/^HTTP\/1.1 (400|431) /);
    }
    expect((await ask(`${url}/health`)).status).to.equal(200);
  });

  it("cuts clients that send their request too slowly, or none at all, and serves others meanwhile", async () => {
    const limits = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 };
    const { port, url } = await platforms.start({ limits });
    const starts = ["", "GET /hea", `${CREATE}Content-Length: 100\r\n\r\n{"na`];
    const sockets = await Promise.all(
      starts.map(async (start) => {
        const socket = await open(port);
        socket.write(start);
        return socket;
      }),
    );
    // On a busy machine it may be too slow itself, and is cut like them.
    await eventually(async () => (await ask(`${url}/health`)).status === 200);
    for (const socket of sockets) await textOf(socket);
  });

  it("takes no more connections than told, and takes new ones as old ones go", async () => {
    const { port, url } = await platforms.start({ limits: { maxConnections: 5 } });
    const idle = await Promise.all(Array.from({ length: 20 }, () => open(port)));
    for (const socket of idle) socket.resume();
    await eventually(() => idle.filter((socket) => socket.closed).length === 15);
    for (const socket of idle) socket.destroy();
    await eventually(async () => (await ask(`${url}/health`)).status === 200);
  });

  it("says which address is taken, and which may not be listened on", async () => {
    const { port } = await platforms.start();
    const second = platforms.make();
    expect(await failure(second.listen(port, "127.0.0.1"))).to.deep.equal({
      code: "PORT_TAKEN",
      message: `127.0.0.1:${port} is taken by another program; stop it, or set PORT to another port (0 picks a free one)`,
    });
    const refused = await failure(second.listen(0, "203.0.113.7"));
    expect(refused.code).to.equal("PORT_REFUSED");
    expect(refused.message).to.contain("can't listen on 203.0.113.7:0").and.contain("EADDRNOTAVAIL");
    await second.close();
  });

  describe("close", () => {
    it("lets a request in flight finish, takes no new one, and closes idle connections at once", async () => {
      const platform = await platforms.start({ config: DEVELOPMENT });
      const idle = await open(platform.port);
      idle.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await once(idle, "data");
      const busy = await open(platform.port);
      const body = '{"name":"in flight"}';
      busy.write(`${CREATE}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
      // An answer on a later connection tells that the server has seen the earlier ones.
      expect((await ask(`${platform.url}/health`)).status).to.equal(200);
      const closing = platform.close();
      await once(idle.resume(), "close");
      const refused = connect(platform.port, "127.0.0.1");
      const errors: unknown[] = await once(refused, "error");
      expect(errors[0]).to.have.property("code", "ECONNREFUSED");
      busy.write(body.slice(5));
      const answer = await textOf(busy);
      expect(answer)
        .to.match(/^HTTP\/1.1 201 /)
        .and.match(/\r\nConnection: close\r\n/i);
      expect(answer).to.contain('"status":"provisioning"');
      await closing;
    });

    it("resolves for a server that never listened, and again when it is called again", async () => {
      const server = platforms.make();
      await server.close();
      await server.close();
    });
  });
});
