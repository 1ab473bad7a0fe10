import { expect } from "chai";
import { jsonReply, startServer, type RunningServer } from "../dist/server.js";

describe("startServer", () => {
  let server: RunningServer;
  let url = "";

  // One for each test: fetch keeps a connection open, whose end here goes with its server.
  beforeEach(async () => {
    const routes = new Map([["/hello", () => jsonReply({ text: "é" })]]);
    server = await startServer(routes, { host: "127.0.0.1", port: 0 });
    url = `http://127.0.0.1:${server.port}`;
  });
  afterEach(() => server.close());

  it("answers a route, whatever its query, with headers that keep browsers from guessing", async () => {
    const response = await fetch(`${url}/hello?x=1`);
    expect(response.status).to.equal(200);
    expect(await response.text()).to.equal('{"text":"é"}');
    expect(response.headers.get("content-type")).to.equal("application/json; charset=utf-8");
    expect(response.headers.get("x-content-type-options")).to.equal("nosniff");
    expect(response.headers.get("content-security-policy")).to.contain("default-src 'none'");
  });

  it("answers HEAD without a body", async () => {
    const response = await fetch(`${url}/hello`, { method: "HEAD" });
    expect(response.status).to.equal(200);
    expect(await response.text()).to.equal("");
    expect(response.headers.get("content-length")).to.equal("13");
  });

  for (const [method, path] of [
    ["GET", "/"],
    ["GET", "/hello/"],
    ["GET", "//hello"],
    ["POST", "/hello"],
  ] as const) {
    it(`answers ${method} ${path} with 404 as JSON`, async () => {
      const response = await fetch(`${url}${path}`, { method });
      expect(response.status).to.equal(404);
      expect(await response.json()).to.deep.equal({ error: "not found" });
    });
  }

  it("tells of a port that is taken", async () => {
    const second = startServer(new Map(), { host: "127.0.0.1", port: server.port });
    const error: unknown = await second.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).to.include({ code: "EADDRINUSE" });
  });
});
