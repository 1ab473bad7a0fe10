import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WorkspaceTemplate } from "@molecule/core";
import { drain } from "@molecule/test/support/docker-streams.js";
import { eventually } from "@molecule/test/support/eventually.js";
import { useRegistry } from "@molecule/test/support/registry.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import type { DockerRuntime } from "../../../dist/runtimes/docker/docker-runtime.js";
import { failureOf, launchReady, patientCall, probeSpec, UNTIL_STOPPED } from "../probe.js";
import { EngineProxy } from "@molecule/test/support/engine-faults.js";
import { DockerWorld } from "./world.js";

describe("docker runtime: images", () => {
  let world: DockerWorld;
  let proxy: EngineProxy;
  let runtime: DockerRuntime;
  let manifestDir: string;
  let image: string;
  let nth = 0;
  before(async function () {
    world = await DockerWorld.open(this);
    proxy = await EngineProxy.start(this, world.engine);
    manifestDir = await tempDir();
    runtime = world.installation({ dockerHost: proxy.url, manifestDir });
  });
  beforeEach(() => {
    nth += 1;
    image = world.image(`image-${nth}`);
  });
  afterEach(async () => {
    proxy.fault = () => undefined;
    proxy.seen.length = 0;
    await world.removeRemains();
  });
  after(async () => {
    await world.cleanUp();
    await proxy.close();
  });

  /** A template that is built from `files` in a folder beside the manifest. */
  async function builtFrom(
    files: Record<string, string>,
    build: { dockerfile?: string; args?: Record<string, string> } = {},
  ) {
    const context = `context-${nth}`;
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(manifestDir, context, path, ".."), { recursive: true });
      await writeFile(join(manifestDir, context, path), content);
    }
    return { name: "built", image, build: { context, ...build } } satisfies WorkspaceTemplate;
  }
  const environment = (template: WorkspaceTemplate) => runtime.baseEnvironment(template, patientCall());

  it("builds one that is missing from the manifest's folder, with the build's arguments, and only once", async () => {
    const template = await builtFrom(
      { "docker/Other": "ARG BASE\nFROM ${BASE}\nARG WHO=nobody\nENV BUILT_FOR=$WHO\n" },
      { dockerfile: "docker/Other", args: { BASE: world.engine.busybox, WHO: "us" } },
    );
    expect(await environment(template)).to.include({ BUILT_FOR: "us" });
    await environment(template);
    expect(proxy.count("POST", /^\/build$/)).to.equal(1);
  });

  it("sends links and modes with the folder, and nothing that .dockerignore names", async () => {
    const template = await builtFrom({
      Dockerfile: `FROM ${world.engine.busybox}\nCOPY . /context\nCMD ["sh","/configs/run.sh"]\n`,
      ".dockerignore": "Dockerfile\n.dockerignore\n**/node_modules\n*.log\n!keep.log\n",
      "deep/node_modules/heavy": "",
      "deep/light": "",
      "some.log": "",
      "keep.log": "",
    });
    await symlink("deep/light", join(manifestDir, template.build.context, "link"));
    const script = `cd /context; find . | sort; readlink link\n${UNTIL_STOPPED}`;
    const { log } = await launchReady(runtime, probeSpec(runtime, template, script));
    expect(log).to.equal(". ./deep ./deep/light ./keep.log ./link deep/light ready ".replaceAll(" ", "\n"));
  });

  it("fails a build whose stream tells of an error, in the builder's words", async () => {
    const template = await builtFrom({
      Dockerfile: `FROM ${world.engine.busybox}\nRUN echo trouble && exit 3\n`,
    });
    const error = await failureOf(environment(template));
    expect(error.code).to.equal("IMAGE_BUILD_FAILED");
    expect(error.message).to.contain(image).and.to.contain("returned a non-zero code: 3");
  });

  it("fails a build that the engine refuses at once", async () => {
    const error = await failureOf(environment(await builtFrom({ Dockerfile: "NONSENSE\n" })));
    expect(error.code).to.equal("IMAGE_BUILD_FAILED");
    expect(error.message).to.match(/NONSENSE|no build stage/i);
  });

  it("fails a build whose folder is not there, before it asks the engine", async () => {
    const template = { name: "built", image, build: { context: "nowhere" } };
    const error = await failureOf(environment(template));
    expect(error.code).to.equal("IMAGE_BUILD_FAILED");
    expect(error.message).to.contain("could not be built from nowhere").and.to.contain("ENOENT");
    expect(proxy.count("POST", /^\/build$/)).to.equal(0);
  });

  it("builds once for all who want the image at the same time", async () => {
    const template = await builtFrom({ Dockerfile: `FROM ${world.engine.busybox}\nENV SHARED=yes\n` });
    const all = await Promise.all([1, 2, 3].map(() => environment(template)));
    expect(all.map(({ SHARED }) => SHARED)).to.deep.equal(["yes", "yes", "yes"]);
    expect(proxy.count("POST", /^\/build$/)).to.equal(1);
  });

  it("fails a pull whose stream tells of an error, though its answer began with success", async () => {
    const lines = [
      '{"status":"Pulling"}',
      '{"errorDetail":{"message":"disk full"},"error":"disk full"}',
      '{"status":"x"}',
    ];
    proxy.fault = ({ path }) =>
      path === "/images/create" ? { kind: "answer", status: 200, body: lines.join("\r\n") } : undefined;
    const error = await failureOf(environment({ name: "pulled", image }));
    expect(error.code).to.equal("IMAGE_PULL_FAILED");
    expect(error.message).to.contain(`the image ${image} could not be pulled: disk full`);
  });

  it("fails a pull whose stream is cut off", async () => {
    proxy.fault = ({ path }) => (path === "/images/create" ? { kind: "cut" } : undefined);
    expect((await failureOf(environment({ name: "pulled", image }))).code).to.equal("ENGINE_UNREACHABLE");
  });

  it("gives a pull up with its caller, and asks again for the next one", async () => {
    proxy.fault = ({ path }) => (path === "/images/create" ? { kind: "hang" } : undefined);
    const caller = new AbortController();
    const pulling = failureOf(
      runtime.baseEnvironment({ name: "pulled", image }, { ...patientCall(), signal: caller.signal }),
    );
    await eventually(() => proxy.count("POST", /^\/images\/create$/) === 1);
    caller.abort(new Error("given up"));
    expect((await pulling).message).to.equal("given up");
    proxy.fault = ({ path }) =>
      path === "/images/create" ? { kind: "answer", status: 500, body: "{}" } : undefined;
    await failureOf(environment({ name: "pulled", image }));
    expect(proxy.count("POST", /^\/images\/create$/)).to.equal(2);
  });

  it("pulls one tag from a registry, and launches what it pulled", async function () {
    const registry = await useRegistry(this);
    const repo = `${registry.host}/pulled`;
    const source = await builtFrom({
      Dockerfile: `FROM ${world.engine.busybox}\nCMD ["sh","/configs/run.sh"]\n`,
    });
    await environment(source);
    for (const tag of ["latest", "other"]) {
      await world.docker.getImage(image).tag({ repo, tag });
      await drain(
        await world.docker
          .getImage(`${repo}:${tag}`)
          .push({ authconfig: { username: "", password: "", serveraddress: registry.host } }),
      );
      await world.docker.getImage(`${repo}:${tag}`).remove();
    }
    try {
      await launchReady(runtime, probeSpec(runtime, { name: "pulled", image: repo }, UNTIL_STOPPED));
      const there = await world.docker.listImages({ filters: { reference: [repo] } });
      expect(there.flatMap(({ RepoTags }) => RepoTags)).to.deep.equal([`${repo}:latest`]);
    } finally {
      await world.removeRemains();
      await world.docker.getImage(`${repo}:latest`).remove();
    }
  });

  it("says in the registry's words why an image can't be pulled", async function () {
    const registry = await useRegistry(this);
    const error = await failureOf(environment({ name: "pulled", image: `${registry.host}/missing:1` }));
    expect(error.code).to.equal("IMAGE_PULL_FAILED");
    expect(error.message).to.match(/missing:1 could not be pulled: .*(not found|unknown)/);
  });

  it("fetches an image again that was removed after it was looked at", async () => {
    const template = await builtFrom({
      Dockerfile: `FROM ${world.engine.busybox}\nCMD ["sh","/configs/run.sh"]\n`,
    });
    let removed = false;
    proxy.fault = ({ path }) => {
      if (path !== "/containers/create" || removed) return undefined;
      removed = true;
      return { kind: "answer", status: 404, body: JSON.stringify({ message: `No such image: ${image}` }) };
    };
    await launchReady(runtime, probeSpec(runtime, template, UNTIL_STOPPED));
    expect(proxy.count("POST", /^\/containers\/create$/)).to.equal(2);
  });
});
