import { expect } from "chai";
import {
  Kernel,
  parseManifest,
  SecretMasker,
  systemClock,
  WORKSPACE_IMAGES,
  type ImageCheck,
  type ImageCheckCall,
  type WorkspaceImages,
} from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";

/** Images that say what a test wants of each runtime. */
class TestImages implements WorkspaceImages {
  readonly asked: string[] = [];
  atATime = 0;
  most = 0;
  constructor(
    readonly names: readonly string[],
    readonly answer: (runtime: string, call: ImageCheckCall) => Promise<ImageCheck["outcome"]>,
    readonly old: () => Promise<readonly string[]> = () => Promise.resolve([]),
  ) {}
  watched(): readonly string[] {
    return this.names;
  }
  async check(runtime: string, call: ImageCheckCall): Promise<ImageCheck> {
    this.asked.push(runtime);
    this.most = Math.max(this.most, ++this.atATime);
    try {
      const outcome = await this.answer(runtime, call);
      return { runtime, reference: `example.com/${runtime}:latest`, digest: "sha256:0", outcome };
    } finally {
      this.atATime -= 1;
    }
  }
  removeOld(): Promise<readonly string[]> {
    return this.old();
  }
}

describe("image-watcher", () => {
  const kernels: Kernel[] = [];
  afterEach(async () => {
    for (const kernel of kernels.splice(0)) await kernel.stop();
  });

  async function start(images: WorkspaceImages, env: Record<string, string>, config = {}) {
    const log = new RecordingLogger();
    const entry = {
      name: "image-watcher",
      module: "@molecule/plugin-image-watcher",
      when: { env: "IMAGE_AUTO_REFRESH", equals: "true" },
      config,
    };
    const text = JSON.stringify({ version: 1, plugins: [entry], workspace_templates: [] });
    const manifest = parseManifest(text, `${import.meta.dirname}/manifest.json`);
    const kernel = new Kernel({ manifest, env, clock: systemClock, log, masker: new SecretMasker() });
    kernels.push(kernel);
    await kernel.boot("env");
    kernel.provide(WORKSPACE_IMAGES, images);
    await kernel.boot("storage");
    await kernel.boot("ready");
    kernel.registries.supervisor.start();
    return { kernel, log };
  }

  const enabled = { IMAGE_AUTO_REFRESH: "true" };
  const lastDetail = (kernel: Kernel) => kernel.registries.supervisor.status()[0]?.last_detail;

  it("looks at every runtime at start, and tells what came of it", async () => {
    const images = new TestImages(["a", "b", "c"], (runtime) =>
      Promise.resolve(runtime === "b" ? "pulled" : "unchanged"),
    );
    const { kernel, log } = await start(images, enabled);
    await eventually(() => lastDetail(kernel) === "2 unchanged, 1 pulled");
    expect(images.asked).to.have.members(["a", "b", "c"]);
    expect(log.lines.map(({ message }) => message)).to.include(
      "a new image of b is on its way to its workspaces",
    );
  });

  it("is there only with IMAGE_AUTO_REFRESH=true", async () => {
    const images = new TestImages(["a"], () => Promise.resolve("unchanged"));
    for (const env of [{}, { IMAGE_AUTO_REFRESH: "false" }, { IMAGE_AUTO_REFRESH: "" }]) {
      const { kernel } = await start(images, env);
      expect(kernel.registries.supervisor.status()).to.deep.equal([]);
    }
    expect(images.asked).to.deep.equal([]);
  });

  it("goes on with the others when one runtime fails, and is no failed loop for it", async () => {
    const images = new TestImages(["a", "b", "c"], (runtime) =>
      runtime === "a" ? Promise.reject(new Error("no such image")) : Promise.resolve("unchanged"),
    );
    const { kernel, log } = await start(images, enabled, { concurrency: 1 });
    await eventually(() => lastDetail(kernel) === "1 failed, 2 unchanged");
    const [loop] = kernel.registries.supervisor.status();
    expect(loop?.consecutive_failures).to.equal(0);
    expect(log.lines.map(({ message }) => message)).to.include(
      "the image of a was not checked: no such image",
    );
  });

  it("looks at no more images at a time than it is told", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `r${index}`);
    const images = new TestImages(names, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return "unchanged";
    });
    const { kernel } = await start(images, enabled, { concurrency: 3 });
    await eventually(() => lastDetail(kernel) === "20 unchanged");
    expect(images.most).to.equal(3);
  });

  it("removes old images after it has looked, and survives that this fails", async () => {
    let fails = false;
    const images = new TestImages(
      ["a"],
      () => Promise.resolve("unchanged"),
      () => (fails ? Promise.reject(new Error("engine away")) : Promise.resolve(["x@sha256:1"])),
    );
    const { kernel } = await start(images, enabled);
    await eventually(() => lastDetail(kernel) === "1 unchanged, 1 old images removed");
    fails = true;
    await kernel.registries.supervisor.control("image-watcher", "run");
    expect(lastDetail(kernel)).to.equal("1 unchanged");
  });

  it("changes nothing in a dry run", async () => {
    const dryRuns: boolean[] = [];
    const images = new TestImages(["a"], (_, { dryRun }) => {
      dryRuns.push(dryRun);
      return Promise.resolve(dryRun ? "would-pull" : "unchanged");
    });
    const { kernel } = await start(images, enabled);
    await eventually(() => dryRuns.length === 1);
    await eventually(() => lastDetail(kernel) === "1 unchanged");
    await kernel.registries.supervisor.control("image-watcher", "dry-run");
    expect(dryRuns).to.deep.equal([false, true]);
  });
});
