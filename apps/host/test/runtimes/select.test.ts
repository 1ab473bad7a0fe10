import { join } from "node:path";
import { silentLogger, systemClock } from "@molecule/core";
import { useEngine } from "@molecule/test/support/engine.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { selectRuntime, type SelectOptions } from "../../dist/runtimes/select.js";
import { failureOf } from "./probe.js";

const SIZE = { memoryMb: null, cpuShares: null };

describe("selectRuntime", () => {
  let dataDir: string;
  let nowhere: string;
  before(async () => {
    dataDir = await tempDir();
    nowhere = `unix://${join(dataDir, "nobody.sock")}`;
  });

  async function select(config: Partial<SelectOptions["config"]>) {
    const { runtime, reason } = await selectRuntime({
      config: {
        containerRuntime: "auto",
        environment: "development",
        docker: { host: nowhere },
        allowPrivileged: false,
        tiers: { 1: SIZE, 2: SIZE, 3: SIZE, 4: SIZE },
        dataDir,
        ...config,
      },
      instanceId: "an-instance",
      hostId: "a-host",
      manifestDir: dataDir,
      hostEnv: {},
      findLogin: () => Promise.resolve(null),
      clock: systemClock,
      log: silentLogger,
    });
    await runtime.close();
    return { kind: runtime.kind, platformHost: runtime.platformHost, reason };
  }

  it("takes the engine where one answers", async function () {
    const engine = await useEngine(this);
    const { DOCKER_TLS_VERIFY: tlsVerify, DOCKER_CERT_PATH: certPath } = engine.env;
    const docker = {
      host: engine.url,
      ...(tlsVerify === undefined ? {} : { tlsVerify }),
      ...(certPath === undefined ? {} : { certPath }),
    };
    const chosen = await select({ docker, environment: "production" });
    expect(chosen).to.include({ kind: "docker", platformHost: "host.docker.internal" });
    expect(chosen.reason).to.match(/^engine \S+ at \S+, API 1\.\d+$/);
  });

  it("takes local processes in development where no engine answers", async () => {
    const chosen = await select({});
    expect(chosen).to.include({ kind: "process", platformHost: "127.0.0.1" });
    expect(chosen.reason).to.contain("local processes, not isolated, since").and.to.contain(nowhere);
  });

  for (const environment of ["production", null] as const) {
    it(`takes none where no engine answers and the environment is ${environment ?? "not told"}`, async () => {
      const chosen = await select({ environment });
      expect(chosen.kind).to.equal("none");
      expect(chosen.reason).to.contain(nowhere).and.to.contain("local processes are for development only");
    });
  }

  for (const containerRuntime of ["docker", "process", "none"] as const) {
    it(`takes ${containerRuntime} where that is asked for, available or not`, async () => {
      expect(await select({ containerRuntime, environment: "production" })).to.include({
        kind: containerRuntime,
        reason: `CONTAINER_RUNTIME=${containerRuntime}`,
      });
    });
  }

  it("refuses an address of the engine that it can't read, also when it would choose by itself", async () => {
    const error = await failureOf(select({ docker: { host: "ssh://engine" } }));
    expect(error.code).to.equal("DOCKER_HOST_REFUSED");
  });
});
