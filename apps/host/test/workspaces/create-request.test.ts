import { expect } from "chai";
import { isCodedError } from "@molecule/core";
import { parseCreateRequest } from "../../dist/workspaces/create-request.js";

function refusal(body: unknown): string {
  try {
    parseCreateRequest(body);
  } catch (error) {
    if (isCodedError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

describe("parseCreateRequest", () => {
  it("needs nothing but a name", () => {
    expect(refusal({ name: "Hello" })).to.equal("accepted");
  });

  it("ignores keys that it does not know", () => {
    expect(refusal(JSON.parse('{"name":"Hello","color":"blue","__proto__":{"tier":9}}'))).to.equal(
      "accepted",
    );
  });

  for (const [what, body] of Object.entries({
    "no object": "Hello",
    "an array": [],
    null: null,
    "no name": {},
    "a name of a wrong type": { name: 7 },
    "a fractional budget": { name: "a", budget_limit: 1.5 },
    "a negative budget": { name: "a", budget_limit: -1 },
    "a tier that does not exist": { name: "a", tier: 5 },
    "an access that does not exist": { name: "a", workspace_access: "write" },
    "a canvas without y": { name: "a", canvas: { x: 1 } },
    "secrets that are no map of texts": { name: "a", secrets: { KEY: 1 } },
  })) {
    it(`refuses ${what} as an invalid payload`, () => {
      expect(refusal(body)).to.equal("INVALID_WORKSPACE_PAYLOAD: invalid workspace payload");
    });
  }

  it("tells every field at once that holds what breaks files, logs and shells", () => {
    expect(refusal({ name: "a\nb{", role: "x|y", model: "m\r", runtime: "r\n" })).to.equal(
      "INVALID_WORKSPACE_FIELDS: invalid workspace fields: name must not contain a newline; " +
        "model must not contain a newline; runtime must not contain a newline; " +
        "name must not contain any of {}[]|>*&!; role must not contain any of {}[]|>*&!",
    );
  });

  it("counts characters for names and bytes for models", () => {
    expect(refusal({ name: "é".repeat(255) })).to.equal("accepted");
    expect(refusal({ name: "é".repeat(256) })).to.contain("name must be at most 255 characters");
    expect(refusal({ name: "a", role: "r".repeat(1001) })).to.contain("role must be at most 1000 characters");
    expect(refusal({ name: "a", model: "é".repeat(51) })).to.contain("model must be at most 100 bytes");
    expect(refusal({ name: " " })).to.contain("name must not be empty");
  });

  for (const [dir, reason] of Object.entries({
    "projects/a": "must be an absolute path",
    "/home/a/../../etc": 'must not contain ".."',
    "/": "is a folder of the system",
    "/etc": "is a folder of the system",
    "/var/lib/docker": "is a folder of the system",
    "//etc//": "is a folder of the system",
  })) {
    it(`refuses to mount ${dir}`, () => {
      expect(refusal({ name: "a", workspace_dir: dir })).to.equal(
        `INVALID_WORKSPACE_DIR: invalid workspace_dir: ${JSON.stringify(dir)} ${reason}`,
      );
    });
  }

  it("needs a folder where access to one is asked for", () => {
    expect(refusal({ name: "a", workspace_access: "read_only" })).to.contain(
      "workspace_access read_only needs one",
    );
    expect(refusal({ name: "a", workspace_access: "read_only", workspace_dir: "/home/me/p" })).to.equal(
      "accepted",
    );
    expect(refusal({ name: "a", workspace_access: "none" })).to.equal("accepted");
  });
});
