import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SecretMasker, silentLogger } from "@molecule/core";
import { PushedImages } from "@molecule/test/support/pushed-images.js";
import { RegistryProxy } from "@molecule/test/support/registry-faults.js";
import {
  dockerConfigOf,
  wantsPassword,
  wantsToken,
  type RegistryDoor,
} from "@molecule/test/support/registry-logins.js";
import { useRegistry } from "@molecule/test/support/registry.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { RegistryCredentials } from "../../../dist/images/registry/credentials.js";
import { engineLogins } from "../../../dist/images/registry/engine-logins.js";
import type { DockerRuntime } from "../../../dist/runtimes/docker/docker-runtime.js";
import { failureOf, patientCall } from "../probe.js";
import { DockerWorld } from "./world.js";

const ACCOUNT = { username: "robot", password: "password-of-the-pull-tests" };

describe("docker runtime: pulls from a registry that wants a login", () => {
  let world: DockerWorld;
  let proxy: RegistryProxy;
  let pushed: PushedImages;
  let dockerConfigDir: string;
  let runtime: DockerRuntime;
  const repository = `pull-${randomUUID().slice(0, 8)}`;
  const template = () => ({ name: "private", image: `${proxy.host}/${repository}/x:latest` });
  before(async function () {
    world = await DockerWorld.open(this);
    const registry = await useRegistry(this);
    proxy = await RegistryProxy.start(registry);
    pushed = new PushedImages(world.engine, registry, proxy.host);
    await pushed.push(`${repository}/x:latest`, "private");
    dockerConfigDir = await tempDir("mdocker-");
    const credentials = new RegistryCredentials({
      ghcr: null,
      dockerConfigDir,
      masker: new SecretMasker(),
      log: silentLogger,
    });
    runtime = world.installation({ findLogin: engineLogins(credentials) });
  });
  afterEach(async () => {
    proxy.reset();
    await pushed.removeLocal(repository);
  });
  after(async () => {
    await world.cleanUp();
    await proxy.close();
  });

  const doors: readonly (readonly [string, () => RegistryDoor])[] = [
    ["a password", () => wantsPassword(ACCOUNT)],
    ["a token", () => wantsToken(proxy.host, ACCOUNT)],
  ];
  for (const [what, door] of doors) {
    it(`brings a missing image with what docker login has kept, where ${what} is wanted`, async () => {
      proxy.fault = door();
      await writeFile(join(dockerConfigDir, "config.json"), dockerConfigOf(proxy.host, ACCOUNT));
      expect(await runtime.baseEnvironment(template(), patientCall())).to.have.property("PATH");
    });

    it(`says that ${what} is wanted where there is no login, and takes a new one at once`, async () => {
      proxy.fault = door();
      await writeFile(join(dockerConfigDir, "config.json"), dockerConfigOf("elsewhere.example", ACCOUNT));
      const error = await failureOf(runtime.baseEnvironment(template(), patientCall()));
      expect(error.code).to.equal("IMAGE_PULL_FAILED");
      expect(error.message).to.match(/unauthorized|no basic auth credentials|401/i);
      await writeFile(join(dockerConfigDir, "config.json"), dockerConfigOf(proxy.host, ACCOUNT));
      await runtime.baseEnvironment(template(), patientCall());
    });
  }
});
