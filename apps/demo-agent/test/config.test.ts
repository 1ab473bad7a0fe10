import { expect } from "chai";
import { readConfig } from "../dist/config.js";

const GOOD = {
  WORKSPACE_ID: "12345678-9abc-4def-8012-3456789abcde",
  PLATFORM_URL: "http://127.0.0.1:8080",
  WORKSPACE_CONFIG_PATH: "/configs",
};

function faultsOf(env: Record<string, string>): readonly string[] {
  const result = readConfig({ ...GOOD, ...env });
  return result.ok ? [] : result.faults;
}

describe("readConfig", () => {
  it("fills in port 8000 and a heartbeat every 15 s", () => {
    expect(readConfig(GOOD)).to.deep.equal({
      ok: true,
      config: {
        workspaceId: GOOD.WORKSPACE_ID,
        platformUrl: "http://127.0.0.1:8080",
        configDir: "/configs",
        port: 8000,
        heartbeatMs: 15_000,
      },
    });
  });

  it("takes port, interval and a platform below a path from the environment", () => {
    const env = {
      AGENT_PORT: "0",
      AGENT_HEARTBEAT_SECONDS: "2.5",
      PLATFORM_URL: "https://example.com/base//",
    };
    expect(readConfig({ ...GOOD, ...env })).to.deep.include({
      ok: true,
      config: {
        workspaceId: GOOD.WORKSPACE_ID,
        platformUrl: "https://example.com/base",
        configDir: "/configs",
        port: 0,
        heartbeatMs: 2500,
      },
    });
  });

  it("takes an empty variable for one that is not there", () => {
    expect(readConfig({ ...GOOD, AGENT_PORT: "", AGENT_HEARTBEAT_SECONDS: "" }).ok).to.be.true;
    expect(faultsOf({ WORKSPACE_ID: "" })).to.deep.equal([
      "WORKSPACE_ID: found nothing, allowed: the workspace's id, a UUID",
    ]);
  });

  it("tells every fault at once, with what was found and what is allowed", () => {
    const faults = faultsOf({
      WORKSPACE_ID: "ws-1",
      PLATFORM_URL: "ftp://example.com",
      WORKSPACE_CONFIG_PATH: "configs",
      AGENT_PORT: "65536",
      AGENT_HEARTBEAT_SECONDS: "0",
    });
    expect(faults).to.deep.equal([
      'WORKSPACE_ID: found "ws-1", allowed: the workspace\'s id, a UUID',
      'PLATFORM_URL: found "ftp://example.com", allowed: an http:// or https:// URL without user name, password, query and fragment',
      'WORKSPACE_CONFIG_PATH: found "configs", allowed: the absolute path of the folder with .auth_token and config.yaml',
      'AGENT_PORT: found "65536", allowed: a whole number from 0 (picks a free port) to 65535',
      'AGENT_HEARTBEAT_SECONDS: found "0", allowed: a number of seconds from 0.05 to 3600',
    ]);
  });

  for (const value of ["-1", "80.5", "1e3", "http", "000000"]) {
    it(`refuses ${value} for a port`, () => {
      expect(faultsOf({ AGENT_PORT: value })).to.have.length(1);
    });
  }

  for (const value of ["-1", "Infinity", "1e3", "0.04", "3601", "soon"]) {
    it(`refuses ${value} seconds between heartbeats`, () => {
      expect(faultsOf({ AGENT_HEARTBEAT_SECONDS: value })).to.have.length(1);
    });
  }

  for (const value of [
    "http://me:hunter2@host",
    "http://host/?key=hunter2",
    "http://host/#hunter2",
    "me:hunter2@host",
  ]) {
    it(`refuses ${value.replaceAll("hunter2", "…")} for the platform and does not repeat the secret`, () => {
      const faults = faultsOf({ PLATFORM_URL: value });
      expect(faults).to.have.length(1);
      expect(faults.join("\n")).not.to.contain("hunter2");
    });
  }
});
