import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { ask, bearer } from "./ask.js";
import { ADMIN_TOKEN, usePlatforms } from "./platform.js";

/** As Java's HttpClient and `curl --http2` ask on a plain connection. */
const H2C = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABk" };

describe("a request that offers another protocol than WebSocket", () => {
  const platforms = usePlatforms();

  it("is served as if it had not: with and without a body, whoever may ask, and what is not there", async () => {
    const { url } = await platforms.start();
    expect((await ask(`${url}/health`, { headers: H2C })).text).to.equal('{"status":"ok"}');
    expect((await ask(`${url}/workspaces`, { headers: H2C })).status).to.equal(401);
    expect((await ask(`${url}/nowhere`, { headers: H2C })).body).to.include({ code: "ROUTE_NOT_FOUND" });
    const body = { name: "Über h2c", external: true };
    const headers = { ...H2C, ...bearer(ADMIN_TOKEN) };
    expect((await ask(`${url}/workspaces`, { method: "POST", headers, body })).status).to.equal(201);
    // Chunked, and more than arrives with the head.
    const long = JSON.stringify({ name: "Long", external: true, secrets: {}, padding: "x".repeat(200_000) });
    expect((await ask(`${url}/workspaces`, { method: "POST", headers, body: long })).status).to.equal(201);
  });

  it("keeps its connection, also where its body comes later", async () => {
    const { port } = await platforms.start();
    const socket = connect(port, "127.0.0.1");
    let seen = "";
    socket.setEncoding("utf8").on("data", (text: string) => (seen += text));
    await once(socket, "connect");
    const offer = Object.entries(H2C).map(([name, value]) => `${name}: ${value}\r\n`);
    const authorization = `Authorization: Bearer ${ADMIN_TOKEN}\r\n`;
    const body = '{"name":"Late","external":true}';
    socket.write(
      `POST /workspaces HTTP/1.1\r\nHost: h\r\n${authorization}${offer.join("")}Content-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.slice(0, 5));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(body.slice(5));
    await eventually(() => seen.includes("HTTP/1.1 201"));
    socket.write(`GET /health HTTP/1.1\r\nHost: h\r\n${offer.join("")}\r\n`);
    await eventually(() => seen.includes('{"status":"ok"}'));
    socket.end();
    await once(socket, "close");
  });
});
