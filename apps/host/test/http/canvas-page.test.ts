import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { tempDir } from "@molecule/test/support/temp.js";
import { ask } from "./ask.js";
import { usePlatforms } from "./platform.js";

describe("canvasPage", () => {
  const platforms = usePlatforms();
  let root: string;
  let canvasDir: string;
  before(async () => {
    root = await tempDir();
    canvasDir = join(root, "dist");
    await mkdir(join(canvasDir, "assets"), { recursive: true });
    await writeFile(join(canvasDir, "index.html"), "<!doctype html><title>Canvas</title>");
    await writeFile(join(canvasDir, "assets", "main-1a2b.js"), "export {};");
    await writeFile(join(root, "secret.txt"), "secret");
  });

  it("serves the page under / with a policy that lets it load and call this host only", async () => {
    const { url } = await platforms.start({ config: { canvasDir } });
    const { status, text, headers } = await ask(`${url}/`);
    expect(status).to.equal(200);
    expect(text).to.contain("<title>Canvas</title>");
    expect(headers).to.include({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
  });

  it("serves files with a hash in their name for ever, and an unchanged page as 304", async () => {
    const { url } = await platforms.start({ config: { canvasDir } });
    const asset = await ask(`${url}/assets/main-1a2b.js`);
    expect(asset.text).to.equal("export {};");
    expect(asset.headers).to.include({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      "content-length": "10",
    });
    const page = await ask(`${url}/`);
    const again = await ask(`${url}/`, {
      headers: { "If-Modified-Since": page.headers["last-modified"] ?? "" },
    });
    expect(again.status).to.equal(304);
    expect(again.text).to.equal("");
  });

  it("gives out nothing that lies outside of its folder, nor a folder, and leaves the routes alone", async () => {
    const { url } = await platforms.start({ config: { canvasDir } });
    for (const path of [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/assets",
      "/%00",
      "/%E0%A4%A",
      "/nothing",
    ]) {
      expect((await ask(url + path)).status, path).to.equal(404);
    }
    expect((await ask(`${url}/`, { method: "POST" })).status).to.equal(404);
    expect((await ask(`${url}/health`)).text).to.equal('{"status":"ok"}');
  });

  it("serves nothing where no page was built", async () => {
    const { url } = await platforms.start({ config: { canvasDir: join(root, "not-built") } });
    expect((await ask(`${url}/`)).status).to.equal(404);
  });
});
