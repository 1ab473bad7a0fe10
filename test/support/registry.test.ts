import { expect } from "chai";
import { drain } from "./docker-streams.js";
import { useEngine, type Engine } from "./engine.js";
import { useRegistry, type Registry } from "./registry.js";

describe("useRegistry", () => {
  let engine: Engine;
  let registry: Registry;
  before(async function () {
    engine = await useEngine(this);
    registry = await useRegistry(this);
  });

  it("takes an image from the engine and gives it back with the same digest", async function () {
    this.timeout(60_000);
    const name = `${registry.host}/round/trip`;
    const { docker } = engine;
    await docker.getImage(engine.busybox).tag({ repo: name, tag: "one" });
    await drain(await docker.getImage(`${name}:one`).push({ authconfig: { username: "", password: "" } }));
    const head = await fetch(`${registry.url}/v2/round/trip/manifests/one`, {
      method: "HEAD",
      headers: { Accept: "application/vnd.docker.distribution.manifest.v2+json" },
    });
    const digest = head.headers.get("docker-content-digest");
    expect(digest).to.match(/^sha256:[0-9a-f]{64}$/);
    await docker.getImage(`${name}:one`).remove();

    await drain(await docker.pull(`${name}:one`));
    const pulled = await docker.getImage(`${name}:one`).inspect();
    expect(pulled.RepoDigests).to.include(`${name}@${digest ?? ""}`);
    await docker.getImage(`${name}:one`).remove();
  });

  it("tells of an image that is not there as an error of the pull", async () => {
    const failure = await engine.docker
      .pull(`${registry.host}/no/such:image`)
      .then(drain)
      .catch((thrown: unknown) => thrown);
    expect(String(failure)).to.match(/not found|manifest unknown/);
  });
});
