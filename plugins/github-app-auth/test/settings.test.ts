import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readSettings } from "../dist/settings.js";
import { failureOf } from "./support/source.js";

const PEM = { type: "pkcs8", format: "pem" } as const;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

describe("the settings of github-app-auth", () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "github-app-"));
    await write("pkcs1.pem", rsa.privateKey.export({ type: "pkcs1", format: "pem" }));
    await write("pkcs8.pem", rsa.privateKey.export(PEM));
  });
  after(() => rm(dir, { recursive: true }));

  const write = (name: string, content: string | Buffer) => writeFile(join(dir, name), content);
  const good = {
    GITHUB_APP_ID: "12345",
    GITHUB_APP_INSTALLATION_ID: " 67890 ",
    GITHUB_APP_PRIVATE_KEY_FILE: "pkcs1.pem",
  };
  const read = (changes: Readonly<Record<string, string | undefined>> = {}) =>
    readSettings({ ...good, ...changes }, dir);
  /** The fault of one variable. */
  const faultOf = async (changes: Readonly<Record<string, string>>) => {
    const error = await failureOf(read(changes));
    expect(error.code).to.equal("GITHUB_APP_SETTINGS_INVALID");
    return error.message;
  };

  for (const form of ["pkcs1.pem", "pkcs8.pem"]) {
    it(`are read from the environment, the key relative to the manifest: ${form}`, async () => {
      const { privateKey, ...rest } = await read({ GITHUB_APP_PRIVATE_KEY_FILE: form });
      expect(rest).to.deep.equal({
        appId: "12345",
        installationId: "67890",
        apiUrl: "https://api.github.com",
        serverUrl: "https://github.com",
      });
      expect(privateKey.equals(rsa.privateKey)).to.be.true;
    });
  }

  it("name everything that is wrong at once", async () => {
    const error = await failureOf(readSettings({ GITHUB_APP_ID: "my-app", GITHUB_API_URL: "ftp://x" }, dir));
    expect(error.message).to.equal(
      [
        'plugin "github-app-auth": 4 settings are wrong:',
        `  - GITHUB_APP_ID: found "my-app", allowed: the app's number, from its settings page`,
        "  - GITHUB_APP_INSTALLATION_ID: found nothing, allowed: the installation's number, from the address of its page",
        "  - GITHUB_APP_PRIVATE_KEY_FILE: found nothing, allowed: the file of the app's private key as GitHub made it: RSA, PEM (PKCS#1 or PKCS#8), no passphrase",
        '  - GITHUB_API_URL: found "ftp://x", allowed: an https URL without user, query and fragment (http on this machine\'s loopback only)',
      ].join("\n"),
    );
  });

  for (const id of ["0", "-1", "1.5", "12e3", "Iv1.8a61f9b3a7aba766", "1".repeat(20)]) {
    it(`refuse the id ${id}`, async () => {
      expect(await faultOf({ GITHUB_APP_ID: id })).to.contain(`GITHUB_APP_ID: found "${id}"`);
    });
  }

  describe("refuse a key file", () => {
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const body = rsa.privateKey.export(PEM).toString();
    const cases: readonly [
      what: string,
      name: string,
      content: string | Buffer | undefined,
      found: string,
    ][] = [
      ["that is not there", "missing.pem", undefined, "which is not there"],
      ["that is a folder", "folder.pem", undefined, "which is no file"],
      ["that is empty", "empty.pem", "", "which holds no PEM private key"],
      [
        "that is not PEM",
        "der.pem",
        rsa.privateKey.export({ type: "pkcs8", format: "der" }),
        "which holds no PEM",
      ],
      [
        "with a public key",
        "public.pem",
        rsa.publicKey.export({ type: "spki", format: "pem" }),
        "a public key",
      ],
      ["with an EC key", "ec.pem", ec.privateKey.export(PEM), "which holds a key of type ec"],
      ["with a key that is too short", "short.pem", short.privateKey.export(PEM), "an RSA key of 1024 bits"],
      ["that is damaged", "damaged.pem", body.replace(/\n[^-]{20}/, "\nAAAA"), "whose PEM block is damaged"],
      ["that is cut off", "cut.pem", body.slice(0, 400), "whose PEM block is damaged"],
      [
        "with a passphrase",
        "locked.pem",
        rsa.privateKey.export({ ...PEM, cipher: "aes-256-cbc", passphrase: "x" }),
        "which is protected by a passphrase",
      ],
    ];
    for (const [what, name, content, found] of cases) {
      it(what, async () => {
        if (name === "folder.pem") await mkdir(join(dir, name));
        else if (content !== undefined) await write(name, content);
        const message = await faultOf({ GITHUB_APP_PRIVATE_KEY_FILE: name });
        expect(message).to.contain(`GITHUB_APP_PRIVATE_KEY_FILE: found ${join(dir, name)}, `);
        expect(message).to.contain(found);
        expect(message).to.not.contain(body.slice(40, 80));
      });
    }

    it("without waiting for ever when it is a FIFO", async () => {
      execFileSync("mkfifo", [join(dir, "fifo.pem")]);
      expect(await faultOf({ GITHUB_APP_PRIVATE_KEY_FILE: "fifo.pem" })).to.contain("which is no file");
    });
  });

  describe("find GitHub", () => {
    const cases: readonly [api: string, server: string | undefined, apiUrl: string, serverUrl: string][] = [
      ["https://api.github.com/", undefined, "https://api.github.com", "https://github.com"],
      ["https://api.acme.ghe.com", undefined, "https://api.acme.ghe.com", "https://acme.ghe.com"],
      ["https://git.acme.com/api/v3/", undefined, "https://git.acme.com/api/v3", "https://git.acme.com"],
      [
        "https://10.1.2.3:8443/api/v3",
        "https://git.acme.com",
        "https://10.1.2.3:8443/api/v3",
        "https://git.acme.com",
      ],
      ["http://127.0.0.1:80/x", undefined, "http://127.0.0.1/x", "http://127.0.0.1"],
    ];
    for (const [GITHUB_API_URL, GITHUB_SERVER_URL, apiUrl, serverUrl] of cases) {
      it(`with the API at ${GITHUB_API_URL}${GITHUB_SERVER_URL === undefined ? "" : ` and pages at ${GITHUB_SERVER_URL}`}`, async () => {
        expect(await read({ GITHUB_API_URL, GITHUB_SERVER_URL })).to.include({ apiUrl, serverUrl });
      });
    }

    for (const url of ["http://git.acme.com/api/v3", "git.acme.com", "https://x/?a=1", "https://x/#a"]) {
      it(`not at ${url}`, async () => {
        expect(await faultOf({ GITHUB_API_URL: url })).to.contain(`GITHUB_API_URL: found "${url}"`);
      });
    }

    it("not by a URL with a password, which is not told", async () => {
      const message = await faultOf({ GITHUB_SERVER_URL: "https://me:secret@git.acme.com" });
      expect(message).to.contain("GITHUB_SERVER_URL: found a URL with a user or a password");
      expect(message).to.not.contain("secret");
    });
  });
});
