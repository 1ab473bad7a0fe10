import { connect } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { ask } from "./ask.js";
import { DEVELOPMENT, usePlatforms, type RunningPlatform } from "./platform.js";

const MIB = 1_048_576;

describe("a request body", () => {
  const platforms = usePlatforms();
  const create = (platform: RunningPlatform, body: unknown, headers: Record<string, string> = {}) =>
    ask(`${platform.url}/workspaces`, { method: "POST", body, headers });

  it("is refused with 400 and the exact text, and every fault beside it, when it can't be taken", async () => {
    const platform = await platforms.start({ config: DEVELOPMENT });
    const bad: readonly (string | Buffer)[] = [
      "",
      "{",
      "name=x",
      "null",
      "[]",
      '"text"',
      "7",
      "{}",
      '{"name":7}',
      '{"name":null}',
      '{"name":"x","budget_limit":0.5}',
      '{"name":"x","canvas":{"x":"1","y":2}}',
      '{"name":"nul\\u0000"}',
      '{"name":"half \\ud83e"}',
      '{"name":"x","__proto__":{"admin":true}}',
      '{"name":"x","unknown":{"__proto__":1}}',
      `{"name":"x","deep":${"[".repeat(200_000)}${"]".repeat(200_000)}}`,
      `{"name":"x","deep":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`,
      "[".repeat(1_000_000),
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
      Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
      Buffer.from("\0\0\0\0"),
    ];
    for (const body of bad) {
      const answer = await create(platform, body);
      const what = body.toString().slice(0, 60);
      expect(answer.status, what).to.equal(400);
      expect(answer.body, what).to.include({
        error: "invalid workspace payload",
        code: "INVALID_WORKSPACE_PAYLOAD",
      });
      expect(answer.text, what).to.match(/"faults":\[\{"path":/);
    }
    expect((await ask(`${platform.url}/workspaces`)).text).to.equal("[]");
    expect(platform.log.lines.filter((line) => line.level === "error")).to.deep.equal([]);
  });

  it("is refused without any secret that stands in it, wherever its fault is", async () => {
    const platform = await platforms.start({ config: DEVELOPMENT });
    for (const path of ["/workspaces", "/admin/env/preview"]) {
      for (const body of [
        '{"name":"x","secrets":{"A":123456789}}',
        '{"name":"x","secrets":"123456789"}',
        '{"name":"x","secrets":{"A":"123456789"',
        '{"name":"x","secrets":{"A":"123456789}}',
        '{"name":"x","secrets":{"A":x123456789}}',
      ]) {
        const { status, text } = await ask(platform.url + path, { method: "POST", body, headers: {} });
        expect(status).to.equal(400);
        expect(text, `${path} ${body}`).to.contain('"faults":').and.not.match(/\d{5}/);
      }
    }
  });

  it("is refused with 413 over 1 MiB, whether or not its length was announced", async () => {
    const platform = await platforms.start({ config: DEVELOPMENT });
    const big = JSON.stringify({ name: "x", padding: "y".repeat(10 * MIB) });
    const chunked = { "Transfer-Encoding": "chunked" };
    for (const headers of [{}, chunked]) {
      const answer = await create(platform, big, headers);
      expect(answer.status).to.equal(413);
      expect(answer.body).to.deep.equal({
        error: "the request body is larger than 1048576 bytes; send less",
        code: "BODY_TOO_LARGE",
      });
    }
  });

  it("is taken at exactly 1 MiB", async () => {
    const platform = await platforms.start({ config: DEVELOPMENT });
    const frame = JSON.stringify({ name: "x", padding: "" });
    const exact = JSON.stringify({ name: "x", padding: "y".repeat(MIB - frame.length) });
    expect((await create(platform, exact)).status).to.equal(201);
    expect((await create(platform, `${exact} `)).status).to.equal(413);
  });

  it("is JSON whatever its content type says, and plain bytes only", async () => {
    const platform = await platforms.start({ config: DEVELOPMENT });
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await create(platform, '{"name":"curl -d"}', form)).status).to.equal(201);
    const zipped = await create(platform, gzipSync('{"name":"x"}'), { "Content-Encoding": "gzip" });
    expect(zipped.status).to.equal(415);
    expect(zipped.text).to.contain("BODY_ENCODING_UNSUPPORTED");
  });

  it("ends a route of its own with a fault for each field", async () => {
    const platform = await platforms.start({ config: DEVELOPMENT });
    const answer = await ask(`${platform.url}/canvas/viewport`, { method: "PUT", body: { x: "a", zoom: 0 } });
    expect(answer.status).to.equal(400);
    expect(answer.body).to.have.property("code", "BODY_INVALID");
    expect(answer.body).to.have.deep.property("faults", [
      { path: "y", found: "nothing", allowed: "a value (required)" },
      { path: "x", found: '"a"', allowed: "a value of type number" },
      { path: "zoom", found: "0", allowed: "it must be > 0" },
    ]);
  });

  it("that breaks off leaves the server well", async () => {
    const platform = await platforms.start({ config: DEVELOPMENT });
    const socket = connect(platform.port, "127.0.0.1");
    const head = "POST /workspaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n";
    socket.end(`${head}{"name":`);
    expect(await textOf(socket)).to.match(/^HTTP\/1.1 400 |^$/);
    expect((await create(platform, { name: "next" })).status).to.equal(201);
    expect(platform.log.lines.filter((line) => line.level === "error")).to.deep.equal([]);
  });
});
