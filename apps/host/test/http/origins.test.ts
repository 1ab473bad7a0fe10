import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { expect } from "chai";
import { Origins } from "../../dist/http/origins.js";
import { ask } from "./ask.js";

describe("Origins", () => {
  const origins = new Origins(["http://localhost:3000", "https://canvas.example"]);
  let server: Server;
  let url: string;
  let judge: (request: IncomingMessage) => boolean;
  before(async () => {
    server = createServer((request, response) => response.end(String(judge(request))));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("no port");
    url = `http://127.0.0.1:${address.port}/`;
  });
  after(() => server.close());

  const verdict = async (headers: Record<string, string>) => (await ask(url, { headers })).text;

  it("allows programs, listed pages and pages of the host itself, and nothing else", async () => {
    judge = (request) => origins.allows(request);
    const allowed = [
      {},
      { Origin: "http://localhost:3000" },
      { Origin: "https://canvas.example", Host: "api.example" },
      { Origin: "http://platform.example:8080", Host: "platform.example:8080" },
      { Origin: "https://platform.example", Host: "Platform.Example" },
    ];
    for (const headers of allowed) expect(await verdict(headers), JSON.stringify(headers)).to.equal("true");
    const refused = [
      { Origin: "http://localhost:3001" },
      { Origin: "https://localhost:3000" },
      { Origin: "null" },
      { Origin: "" },
      { Origin: "http://evil.example", Host: "platform.example" },
      { Origin: "http://platform.example:8081", Host: "platform.example:8080" },
      { Origin: "https://canvas.example.evil.example" },
    ];
    for (const headers of refused) expect(await verdict(headers), JSON.stringify(headers)).to.equal("false");
  });

  it("takes a request as addressed locally unless a stranger's name leads here", async () => {
    judge = (request) => origins.isAddressedLocally(request);
    const local = [
      "localhost",
      "localhost:8080",
      "LOCALHOST:1",
      "a.localhost",
      "127.0.0.1:8080",
      "[::1]:8080",
      "canvas.example",
    ];
    for (const host of local) expect(await verdict({ Host: host }), host).to.equal("true");
    const foreign = [
      "evil.example",
      "evil.example:8080",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "host.docker.internal",
      "a b",
      "[::1",
    ];
    for (const host of foreign) expect(await verdict({ Host: host }), host).to.equal("false");
  });
});
