import { isCodedError } from "@molecule/core";
import { expect } from "chai";
import { endpointOf, missingVariables } from "../dist/endpoint.js";

const SET = { MOLECULE_ORG_ID: "acme", ADMIN_TOKEN: "token-1", MOLECULE_CP_URL: "https://cp.example" };

function failureOf(env: Record<string, string>): string {
  try {
    endpointOf({ ...SET, ...env });
  } catch (error) {
    if (isCodedError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "none";
}

describe("missingVariables", () => {
  it("needs all three variables, and takes a blank one as unset", () => {
    expect(missingVariables({})).to.deep.equal(["MOLECULE_ORG_ID", "ADMIN_TOKEN", "MOLECULE_CP_URL"]);
    expect(missingVariables({ ...SET, ADMIN_TOKEN: " " })).to.deep.equal(["ADMIN_TOKEN"]);
    expect(missingVariables(SET)).to.deep.equal([]);
  });
});

describe("endpointOf", () => {
  it("names the path below the control plane's address, and says who asks", () => {
    expect(endpointOf(SET)).to.deep.equal({
      url: "https://cp.example/cp/tenants/config",
      headers: {
        Authorization: "Bearer token-1",
        "X-Molecule-Org-Id": "acme",
        Accept: "application/json",
      },
    });
    const { url } = endpointOf({ ...SET, MOLECULE_CP_URL: "https://cp.example:8443/base//" });
    expect(url).to.equal("https://cp.example:8443/base/cp/tenants/config");
  });

  for (const url of [
    "http://localhost:1",
    "http://127.0.0.1",
    "http://127.1.2.3:1",
    "http://[::1]:1",
    "http://0x7f.1",
  ]) {
    it(`lets a token go to ${url}, which does not leave this machine`, () => {
      expect(failureOf({ MOLECULE_CP_URL: url })).to.equal("none");
    });
  }

  for (const url of [
    "http://cp.example",
    "http://localhost.cp.example",
    "http://127.0.0.1.cp.example",
    "http://10.0.0.1",
    "http://[::2]",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "cp.example",
    "https://",
    "https://cp.example/?a=1",
    "https://cp.example/#a",
  ]) {
    it(`refuses ${url}`, () => {
      expect(failureOf({ MOLECULE_CP_URL: url })).to.match(
        /^CONTROL_PLANE_URL_INVALID: MOLECULE_CP_URL: found "/,
      );
    });
  }

  it("refuses a user in the address, and does not tell the password", () => {
    const failure = failureOf({ MOLECULE_CP_URL: "https://user:hunt@er22@cp.example/x?key=hunter22" });
    expect(failure).to.contain('found "https://…@cp.example/x…"');
  });

  it("refuses what no header can carry, and does not tell it", () => {
    for (const variable of ["ADMIN_TOKEN", "MOLECULE_ORG_ID"]) {
      for (const value of ["hunter22\n", "hunter22 x", "hünter22"]) {
        const failure = failureOf({ [variable]: value });
        expect(failure).to.match(new RegExp(`^CONTROL_PLANE_CREDENTIAL_INVALID: ${variable} can't be sent`));
        expect(failure).not.to.contain("nter22");
      }
    }
  });
});
