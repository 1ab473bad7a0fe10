import { expect } from "chai";
import { parseReference, registryOrigin, repositoryOf } from "../../../dist/images/registry/reference.js";

const DIGEST = `sha256:${"0".repeat(64)}`;

describe("image references", () => {
  for (const [text, registry, repository, tag, digest] of [
    ["debian", "docker.io", "library/debian", "latest", null],
    ["acme/x:1.2", "docker.io", "acme/x", "1.2", null],
    ["docker.io/debian", "docker.io", "library/debian", "latest", null],
    ["index.docker.io/acme/x", "docker.io", "acme/x", "latest", null],
    ["ghcr.io/acme/a/b__c:v1", "ghcr.io", "acme/a/b__c", "v1", null],
    ["localhost/x", "localhost", "x", "latest", null],
    ["127.0.0.1:5000/x:y", "127.0.0.1:5000", "x", "y", null],
    ["[::1]:5000/x", "[::1]:5000", "x", "latest", null],
    [`ghcr.io/acme/x@${DIGEST}`, "ghcr.io", "acme/x", null, DIGEST],
    [`ghcr.io/acme/x:1@${DIGEST}`, "ghcr.io", "acme/x", "1", DIGEST],
  ] as const) {
    it(`${text.slice(0, 40)} is ${repository} of ${registry}`, () => {
      expect(parseReference(text)).to.deep.equal({ registry, repository, tag, digest });
    });
  }

  for (const text of [
    "",
    "UPPER/x",
    "x:",
    "x@sha256:1",
    "a//b",
    "ghcr.io/",
    "x y",
    "../x",
    "ghcr.io/x:t/y",
  ]) {
    it(`${JSON.stringify(text)} is refused`, () => {
      expect(() => parseReference(text))
        .to.throw()
        .with.property("code", "IMAGE_REFERENCE_INVALID");
    });
  }

  it("one repository is one, however it is written", () => {
    const names = ["debian", "docker.io/debian:12", "docker.io/library/debian"].map(parseReference);
    expect(new Set(names.map(repositoryOf))).to.deep.equal(new Set(["docker.io/library/debian"]));
  });

  it("a registry is asked over TLS, but for one on this machine", () => {
    expect(registryOrigin("docker.io")).to.equal("https://registry-1.docker.io");
    expect(registryOrigin("ghcr.io")).to.equal("https://ghcr.io");
    expect(registryOrigin("10.0.0.1:5000")).to.equal("https://10.0.0.1:5000");
    for (const host of ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"]) {
      expect(registryOrigin(host)).to.equal(`http://${host}`);
    }
    expect(registryOrigin("localhost.example.com")).to.equal("https://localhost.example.com");
  });
});
