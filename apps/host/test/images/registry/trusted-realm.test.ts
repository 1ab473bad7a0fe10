import { expect } from "chai";
import { isReachableRealm, isTrustedRealm } from "../../../dist/images/registry/trusted-realm.js";

describe("realms that credentials may be sent to", () => {
  const trusted = (realm: string, registry: string) => isTrustedRealm(new URL(realm), new URL(registry));

  for (const [realm, registry] of [
    ["https://ghcr.io/token", "https://ghcr.io"],
    ["https://auth.docker.io/token", "https://registry-1.docker.io"],
    ["https://gitlab.com/jwt/auth", "https://registry.gitlab.com"],
    ["https://registry.example.co.uk:8443/token", "https://registry.example.co.uk"],
    ["http://127.0.0.1:5001/token", "http://127.0.0.1:5000"],
  ] as const) {
    it(`${realm} is trusted by ${registry}`, () => {
      expect(trusted(realm, registry)).to.equal(true);
    });
  }

  for (const [realm, registry] of [
    ["https://evil.example/token", "https://ghcr.io"],
    ["https://ghcr.io.evil.example/token", "https://ghcr.io"],
    ["https://other.co.uk/token", "https://registry.example.co.uk"],
    ["https://mallory.github.io/token", "https://alice.github.io"],
    ["https://10.0.0.2/token", "https://10.0.0.1"],
    ["http://ghcr.io/token", "https://ghcr.io"],
    ["http://localhost:5001/token", "http://127.0.0.1:5000"],
  ] as const) {
    it(`${realm} is not trusted by ${registry}`, () => {
      expect(trusted(realm, registry)).to.equal(false);
    });
  }

  it("in the clear only this machine is asked at all, and only by its own registry", () => {
    const reachable = (realm: string, registry: string) =>
      isReachableRealm(new URL(realm), new URL(registry));
    expect(reachable("http://169.254.169.254/latest", "https://ghcr.io")).to.equal(false);
    expect(reachable("http://127.0.0.1/token", "https://ghcr.io")).to.equal(false);
    expect(reachable("https://foreign.example/token", "https://ghcr.io")).to.equal(true);
  });
});
