import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import { runHost, startHost } from "../support/host.js";

describe("a host that can't start as it was told to", function () {
  this.timeout(240_000);

  it("ends with 1 and every fault of its configuration at once", async () => {
    const { code, stderr } = await runHost({
      env: { PORT: "http", RATE_LIMIT: "-1", CONTAINER_RUNTIME: "podman" },
    });
    expect(code).to.equal(1);
    expect(stderr.trim().split("\n")).to.deep.equal([
      "molecule: the configuration has 3 faults:",
      '  - CONTAINER_RUNTIME: found "podman", allowed: one of auto, docker, process, none',
      '  - PORT: found "http", allowed: a whole number from 0 to 65535',
      '  - RATE_LIMIT: found "-1", allowed: a whole number from 1 to 1000000 [CONFIG_INVALID]',
    ]);
  });

  it("names the host that has its data folder, and leaves that one alone", async () => {
    const first = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "none" } });
    const { code, stderr } = await runHost({
      dev: true,
      dataDir: first.dataDir,
      env: { CONTAINER_RUNTIME: "none" },
    });
    expect(code).to.equal(1);
    expect(stderr).to.contain("DATA_DIR_LOCKED").and.contain(String(first.pid));
    expect((await first.api("GET", "/health")).status).to.equal(200);
    expect(await first.stop()).to.equal(0);
  });

  it("says that its port is taken, and what to do", async () => {
    const taken: Server = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const env = { HOST: "127.0.0.1", PORT: String(port), CONTAINER_RUNTIME: "none" };
    const { code, stderr } = await runHost({ dev: true, env });
    taken.close();
    await once(taken, "close");
    expect(code).to.equal(1);
    expect(stderr).to.contain(`127.0.0.1:${port} is taken`).and.contain("set PORT");
  });

  it("says which database does not answer, without its password", async () => {
    const url = "postgres://molecule:s3cr3t-pw@127.0.0.1:1/molecule";
    const { code, stdout, stderr } = await runHost({ env: { DATABASE_URL: url } });
    expect(code).to.equal(1);
    expect(stderr).to.contain("127.0.0.1").and.contain("DATABASE_UNREACHABLE");
    expect(stdout + stderr).not.to.contain("s3cr3t-pw");
  });
});
