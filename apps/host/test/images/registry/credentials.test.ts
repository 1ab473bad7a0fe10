import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SecretMasker } from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { RegistryCredentials } from "../../../dist/images/registry/credentials.js";

const SECRET = "secret-of-the-credential-tests";
const encoded = Buffer.from(`robot:${SECRET}:with-a-colon`).toString("base64");

describe("RegistryCredentials", () => {
  const path = process.env.PATH;
  let dir: string;
  let log: RecordingLogger;
  let masker: SecretMasker;
  let credentials: RegistryCredentials;
  beforeEach(async () => {
    dir = await tempDir("mdocker-");
    log = new RecordingLogger();
    masker = new SecretMasker();
    const ghcr = { username: "octo", password: "ghcr-password" };
    credentials = new RegistryCredentials({ ghcr, dockerConfigDir: dir, masker, log });
  });
  afterEach(() => {
    process.env.PATH = path;
  });

  const configure = (config: object) => writeFile(join(dir, "config.json"), JSON.stringify(config));
  /** Puts a credential helper on the PATH that answers for one server. */
  const helper = async (name: string, server: string, answer: object) => {
    const file = join(dir, `docker-credential-${name}`);
    const script = `#!/bin/sh\nread -r server\n[ "$1 $server" = "get ${server}" ] || exit 1\necho '${JSON.stringify(answer)}'\n`;
    await writeFile(file, script);
    await chmod(file, 0o755);
    process.env.PATH = `${dir}:${path ?? ""}`;
  };

  it("gives GHCR_USER and GHCR_TOKEN to ghcr.io only", async () => {
    expect(await credentials.find("ghcr.io")).to.include({ username: "octo", password: "ghcr-password" });
    expect(await credentials.find("ghcr.io.example")).to.equal(null);
  });

  it("takes a password from Docker's file, under whatever name a registry is kept, and masks it", async () => {
    await configure({
      auths: { "https://index.docker.io/v1/": { auth: encoded }, "https://a.example": { auth: encoded } },
    });
    const wanted = { kind: "password", username: "robot", password: `${SECRET}:with-a-colon` };
    expect(await credentials.find("docker.io")).to.deep.equal(wanted);
    expect(await credentials.find("a.example")).to.deep.equal(wanted);
    expect(await credentials.find("b.example")).to.equal(null);
    expect(masker.mask(`${SECRET}:with-a-colon`)).not.to.include(SECRET);
  });

  it("takes an identity token before the password beside it", async () => {
    await configure({ auths: { "a.example": { auth: encoded, identitytoken: SECRET } } });
    expect(await credentials.find("a.example")).to.deep.equal({ kind: "identity", token: SECRET });
    expect(masker.mask(SECRET)).not.to.include(SECRET);
  });

  it("asks a registry's own credential helper, and the store for the others", async () => {
    await configure({ credHelpers: { "a.example": "own" }, credsStore: "store" });
    await helper("own", "a.example", { Username: "robot", Secret: SECRET });
    await helper("store", "https://b.example", { Username: "<token>", Secret: SECRET });
    expect(await credentials.find("a.example")).to.deep.equal({
      kind: "password",
      username: "robot",
      password: SECRET,
    });
    expect(await credentials.find("b.example")).to.deep.equal({ kind: "identity", token: SECRET });
    expect(await credentials.find("c.example")).to.equal(null);
  });

  it("goes on without where the file is broken, and tells that once, without its text", async () => {
    await writeFile(join(dir, "config.json"), `{"auths": ${SECRET}`);
    expect(await credentials.find("a.example")).to.equal(null);
    expect(await credentials.find("a.example")).to.equal(null);
    const told = JSON.stringify(log.lines);
    expect(told.match(/it is not JSON/g)).to.have.length(1);
    expect(told).not.to.include(SECRET);
  });
});
