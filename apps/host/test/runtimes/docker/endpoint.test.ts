import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { readEndpoint } from "../../../dist/runtimes/docker/endpoint.js";

describe("readEndpoint", () => {
  it("takes the engine's usual socket when nothing is set, or set to nothing", () => {
    for (const env of [{}, { DOCKER_HOST: "" }, { DOCKER_HOST: "unix://" }]) {
      expect(readEndpoint(env).connection).to.include({ kind: "socket" });
      expect(readEndpoint(env).address).to.match(/^unix:\/\/\/.*docker\.sock$/);
    }
  });

  it("reads sockets and pipes", () => {
    expect(readEndpoint({ DOCKER_HOST: "unix:///run/user/1000/docker.sock" })).to.deep.equal({
      address: "unix:///run/user/1000/docker.sock",
      connection: { kind: "socket", path: "/run/user/1000/docker.sock" },
    });
    expect(readEndpoint({ DOCKER_HOST: "npipe:////./pipe/docker_engine" }).connection).to.deep.equal({
      kind: "socket",
      path: "//./pipe/docker_engine",
    });
  });

  it("reads addresses, with Docker's own ports where none is given", () => {
    const tcp = (host: string, port: number) => ({ kind: "tcp", host, port, tls: null });
    expect(readEndpoint({ DOCKER_HOST: "tcp://engine:1234" }).connection).to.deep.equal(tcp("engine", 1234));
    expect(readEndpoint({ DOCKER_HOST: "tcp://engine" }).connection).to.deep.equal(tcp("engine", 2375));
    expect(readEndpoint({ DOCKER_HOST: "engine:80" }).connection).to.deep.equal(tcp("engine", 80));
    expect(readEndpoint({ DOCKER_HOST: "tcp://[::1]:2375" }).connection).to.deep.equal(tcp("::1", 2375));
  });

  it("speaks TLS with the certificates of the folder", async () => {
    const folder = await tempDir();
    for (const name of ["ca", "cert", "key"]) await writeFile(join(folder, `${name}.pem`), name);
    const tls = { ca: "ca", cert: "cert", key: "key" };
    for (const env of [{ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder }, { DOCKER_CERT_PATH: folder }]) {
      expect(readEndpoint({ DOCKER_HOST: "tcp://engine", ...env }).connection).to.deep.equal({
        kind: "tcp",
        host: "engine",
        port: 2376,
        tls,
      });
    }
  });

  it("says which certificate it can't read", async () => {
    const folder = await tempDir();
    const env = { DOCKER_HOST: "tcp://engine", DOCKER_CERT_PATH: folder };
    expect(() => readEndpoint(env)).to.throw(`DOCKER_CERT_PATH: ${folder}/ca.pem can't be read: ENOENT`);
  });

  for (const [found, reason] of [
    ["ssh://me@engine", "SSH is not supported"],
    ["ftp://engine", "the scheme ftp:// is unknown"],
    ["tcp://engine:99999", "it has no valid host and port"],
    ["tcp://engine/path", "only a host and a port may follow the scheme"],
  ] as const) {
    it(`refuses ${found}`, () => {
      expect(() => readEndpoint({ DOCKER_HOST: found })).to.throw(reason);
    });
  }

  it("tells no password that stands in the address", () => {
    expect(() => readEndpoint({ DOCKER_HOST: "tcp://me:hunter2@engine" }))
      .to.throw(/only a host and a port/)
      .with.property("message")
      .that.does.not.contain("hunter2");
  });
});
