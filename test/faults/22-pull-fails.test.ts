import { expect } from "chai";
import { EngineProxy, errorLine } from "../support/engine-faults.js";
import { useEngine } from "../support/engine.js";
import { ImageWorld } from "./image-world.js";

const PULL = /^\/images\/create$/;

describe("fault 22: a pull that does not bring what was asked for", () => {
  let world: ImageWorld;
  let proxy: EngineProxy;
  let container: string;
  before(async function () {
    proxy = await EngineProxy.start(this, await useEngine(this));
    world = await ImageWorld.open(this, { env: { DOCKER_HOST: proxy.url } });
    await world.images.push(world.name(), "first");
    await world.startHost();
    container = await world.launch();
  });
  after(async function () {
    this.timeout(60_000);
    proxy.fault = () => undefined;
    await world.end();
    await proxy.close();
  });
  afterEach(async () => {
    expect((await world.containers()).map(({ id, state }) => ({ id, state }))).to.deep.equal([
      { id: container, state: "running" },
    ]);
  });

  it("with an error line in a 200 stream is failed, told, and tried again", async function () {
    this.timeout(120_000);
    const before = await world.tagged();
    const next = await world.images.push(world.name(), "second");
    proxy.fault = ({ path }) =>
      PULL.test(path) ? errorLine("write /layer.tar: no space left on device") : undefined;
    expect(await world.check()).to.match(/could not be pulled: write \/layer.tar: no space left on device/);
    expect(await world.tagged()).to.deep.equal(before);
    const failed = (await world.events()).filter(({ type }) => type === "IMAGE_REFRESH_FAILED");
    expect(failed).to.have.length(1);
    proxy.fault = () => undefined;
    expect(await world.check()).to.equal("pulled");
    expect(await world.tagged()).to.include(next);
    expect(await world.check()).to.equal("unchanged");
  });

  it("and without a word of failure is failed too, since the image is looked for afterwards", async function () {
    this.timeout(120_000);
    const next = await world.images.push(world.name(), "third");
    proxy.fault = ({ path }) =>
      PULL.test(path) ? { kind: "answer", status: 200, body: '{"status":"Pull complete"}\n' } : undefined;
    expect(await world.check()).to.match(/pulled another image than .* it has none/);
    proxy.fault = () => undefined;
    expect(await world.check()).to.equal("pulled");
    expect(await world.tagged()).to.include(next);
  });

  it("is of the digest that was seen, also when the tag has moved on by then", async function () {
    this.timeout(120_000);
    const seen = await world.images.push(world.name(), "fourth");
    const later = await world.images.push(world.name(), "fifth");
    world.proxy.fault = ({ method, agent }) =>
      method === "HEAD" && agent === "node"
        ? { kind: "answer", status: 200, headers: { "Docker-Content-Digest": seen } }
        : undefined;
    expect(await world.check()).to.equal("pulled");
    expect(await world.tagged()).to.include(seen);
    world.proxy.reset();
    expect(await world.check()).to.equal("pulled");
    expect(await world.tagged()).to.include(later);
  });

  it("fails that runtime alone in a refresh, which says why", async function () {
    this.timeout(120_000);
    proxy.fault = ({ path }) => (PULL.test(path) ? errorLine("unexpected EOF") : undefined);
    const answer = await world.refresh();
    expect(answer.status).to.equal(200);
    expect(answer.text).to.match(
      /^{"pulled":\[\],"failed":\["one"\],"recreated":\[\],"rolled_back":\[\],"errors":{"one":".*unexpected EOF.*"}}$/,
    );
    proxy.fault = () => undefined;
    expect((await world.refresh("?runtime=one&recreate=false")).text).to.equal(
      '{"pulled":["one"],"failed":[],"recreated":[],"rolled_back":[],"errors":{}}',
    );
  });

  it("and containers that can't be listed are 500, with what was pulled", async function () {
    this.timeout(120_000);
    proxy.fault = ({ path }) =>
      path === "/containers/json"
        ? { kind: "answer", status: 500, body: '{"message":"disk on fire"}' }
        : undefined;
    const answer = await world.refresh("?runtime=one");
    expect(answer.status).to.equal(500);
    expect(answer.text).to.match(
      /^{"error":"container list: .*disk on fire.*","partial_result":{"pulled":\["one"\],/,
    );
    proxy.fault = () => undefined;
  });

  it("is refused for a runtime that is not known", async () => {
    const answer = await world.refresh("?runtime=two");
    expect(answer.status).to.equal(400);
    expect(answer.text).to.equal(
      '{"error":"unknown runtime: two","known_runtimes":["one"],"code":"IMAGE_RUNTIME_UNKNOWN"}',
    );
  });
});
