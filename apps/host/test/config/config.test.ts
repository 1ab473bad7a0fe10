import { expect } from "chai";
import { isCodedError } from "@molecule/core";
import { readConfig } from "../../dist/config/config.js";

const context = { dev: false, cwd: "/srv/molecule", terminal: false };

function messageFor(env: Record<string, string>): string {
  try {
    readConfig(env, context);
  } catch (error) {
    if (isCodedError(error) && error.code === "CONFIG_INVALID") return error.message;
    throw error;
  }
  return "";
}

describe("readConfig", () => {
  it("has a default for every variable, so that an empty environment boots", () => {
    const config = readConfig({}, context);
    expect(config).to.deep.include({
      host: "0.0.0.0",
      port: 8080,
      environment: null,
      adminToken: null,
      databaseUrl: null,
      dataDir: "/srv/molecule/.data",
      containerRuntime: "auto",
      docker: {},
      allowPrivileged: false,
      templatesDir: "/srv/molecule/workspace-templates",
      platformUrl: null,
      corsOrigins: ["http://localhost:3000", "http://localhost:3001"],
      rateLimitPerMinute: 600,
      trustedProxies: [],
      provisionTimeoutSeconds: null,
      orgId: null,
      log: { level: "info", format: "json" },
    });
  });

  it("takes --dev as development, unless MOLECULE_ENV says otherwise", () => {
    expect(readConfig({}, { ...context, dev: true }).environment).to.equal("development");
    const env = {
      MOLECULE_ENV: "prod",
      DATABASE_URL: "postgres://db/molecule",
      SECRETS_ENCRYPTION_KEY: Buffer.alloc(32).toString("base64"),
    };
    expect(readConfig(env, { ...context, dev: true }).environment).to.equal("production");
  });

  it("takes an empty value as unset", () => {
    expect(readConfig({ PORT: "", ADMIN_TOKEN: "  " }, context)).to.deep.include({
      port: 8080,
      adminToken: null,
    });
  });

  it("tells every fault at once, each with its name, what was found and what is allowed", () => {
    const message = messageFor({
      PORT: "http",
      MOLECULE_ENV: "staging",
      CONTAINER_RUNTIME: "podman",
      DATABASE_URL: "mysql://user:hunter22@db/x",
      CORS_ORIGINS: "https://example.com/path",
      RATE_LIMIT: "0",
      TIER2_MEMORY_MB: "5",
      PLATFORM_URL: "ftp://x",
      DOCKER_HOST: "ssh://me@engine",
      MOLECULE_ALLOW_PRIVILEGED: "yes",
      LOG_LEVEL: "loud",
      TRUSTED_PROXIES: "10.0.0.1,proxy",
      PROVISION_TIMEOUT_SECONDS: "1.5",
    });
    expect(message.split("\n")).to.have.members([
      "the configuration has 13 faults:",
      '  - PORT: found "http", allowed: a whole number from 0 to 65535',
      '  - MOLECULE_ENV: found "staging", allowed: one of development, dev, production, prod',
      '  - CONTAINER_RUNTIME: found "podman", allowed: one of auto, docker, process, none',
      '  - DATABASE_URL: found "mysql://…@db/x", allowed: a URL that starts with postgres:// or postgresql://',
      '  - CORS_ORIGINS: found "https://example.com/path", allowed: origins like https://example.com, separated by commas',
      '  - RATE_LIMIT: found "0", allowed: a whole number from 1 to 1000000',
      '  - TIER2_MEMORY_MB: found "5", allowed: a whole number from 6 to 1048576',
      '  - PLATFORM_URL: found "ftp://x", allowed: a URL that starts with http:// or https://',
      '  - DOCKER_HOST: found "ssh://…@engine": SSH is not supported; forward the engine\'s socket with ssh -L and give that, allowed: unix:///path, npipe:////./pipe/name, tcp://host:port, or host:port',
      '  - MOLECULE_ALLOW_PRIVILEGED: found "yes", allowed: one of true, false, 1, 0',
      '  - TRUSTED_PROXIES: found "10.0.0.1,proxy", allowed: addresses and networks like 10.0.0.0/8, separated by commas',
      '  - PROVISION_TIMEOUT_SECONDS: found "1.5", allowed: a whole number from 1 to 86400',
      '  - LOG_LEVEL: found "loud", allowed: one of debug, info, warn, error',
    ]);
  });

  it("tells a URL that is refused without any of its password", () => {
    for (const [url, shown] of [
      ["postgres://u:pa/ss-word@db/x", "postgres://…@db/x"],
      ["mysql://db/x?user=u&password=hunter22", "mysql://db/x?user=u&password=…"],
      ["mysql://u:abc@defgh@db/x", "mysql://…@db/x"],
    ] as const) {
      expect(messageFor({ DATABASE_URL: url })).to.contain(`DATABASE_URL: found "${shown}"`);
    }
  });

  it("takes DOCKER_HOST as Docker's own clients read it", () => {
    for (const host of ["engine:2375", "engine", "unix://", "tcp://[::1]:2375", "http://engine:80"]) {
      expect(readConfig({ DOCKER_HOST: host }, context).docker, host).to.deep.equal({ host });
    }
  });

  it("needs certificates that it can read where the engine may be asked for", () => {
    const env = { DOCKER_HOST: "tcp://engine", DOCKER_CERT_PATH: "/nowhere" };
    expect(messageFor(env)).to.match(
      /- DOCKER_CERT_PATH: found \/nowhere\/ca.pem, which can't be read: ENOENT/,
    );
    expect(readConfig({ ...env, CONTAINER_RUNTIME: "none" }, context).docker).to.include({
      certPath: "/nowhere",
    });
  });

  it("puts default paths beside the manifest, those of the .env file too, and those of the process where it runs", () => {
    const place = { ...context, cwd: "/srv/molecule/apps", home: "/srv/molecule" };
    const env = { MOLECULE_DATA_DIR: "./data" };
    expect(readConfig({}, place).dataDir).to.equal("/srv/molecule/.data");
    expect(readConfig(env, place).dataDir).to.equal("/srv/molecule/apps/data");
    const filled = { names: new Set(["MOLECULE_DATA_DIR"]), dir: "/srv/molecule" };
    expect(readConfig(env, { ...place, filled }).dataDir).to.equal("/srv/molecule/data");
  });

  it("puts the .env file's relative paths of Docker's files beside the manifest, too", () => {
    const env = { DOCKER_CONFIG: "docker", DOCKER_CERT_PATH: "certs" };
    const read = (filled?: ReadonlySet<string>) => {
      const from = filled === undefined ? {} : { filled: { names: filled, dir: "/srv" } };
      const { docker, images } = readConfig(env, { ...context, ...from });
      return [docker.certPath, images.credentials.dockerConfigDir];
    };
    expect(read()).to.deep.equal(["/srv/molecule/certs", "/srv/molecule/docker"]);
    expect(read(new Set(Object.keys(env)))).to.deep.equal(["/srv/certs", "/srv/docker"]);
  });

  it("refuses tokens that nobody could send, and shows nothing of them", () => {
    const message = messageFor({ ADMIN_TOKEN: "hunter22\n", METRICS_TOKEN: "hunter 23" });
    expect(message).to.contain("ADMIN_TOKEN: found 9 characters with white space");
    expect(message).to.contain("METRICS_TOKEN: found 9 characters with white space");
    expect(message).not.to.contain("hunter");
  });

  it("refuses the embedded database in production", () => {
    expect(messageFor({ MOLECULE_ENV: "production" })).to.contain(
      "DATABASE_URL: found nothing, allowed: the URL of a",
    );
  });
});
