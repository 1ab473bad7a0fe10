// Prints the ms that it took to boot the manifest's plugins, or to import their modules.
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Kernel, readManifest, SecretMasker, silentLogger, systemClock } from "@molecule/core";

const [, , what = "", manifestPath = ""] = process.argv;
const manifest = await readManifest(manifestPath);

const started = performance.now();
if (what === "boot") {
  const kernel = new Kernel({
    manifest,
    env: {},
    clock: systemClock,
    log: silentLogger,
    masker: new SecretMasker(),
  });
  await kernel.boot("env");
  await kernel.boot("storage");
  await kernel.boot("ready");
  const states = new Set(kernel.plugins.status().map((plugin) => plugin.state));
  if (states.size !== 1 || !states.has("enabled"))
    throw new Error(`not all plugins are enabled: ${[...states].join()}`);
} else {
  for (const { module } of manifest.plugins)
    await import(pathToFileURL(join(dirname(manifestPath), module)).href);
}
process.stdout.write(String(performance.now() - started));
