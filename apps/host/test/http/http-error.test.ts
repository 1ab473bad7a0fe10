import { expect } from "chai";
import { CodedError, SecretMasker } from "@molecule/core";
import { httpErrors } from "../../dist/errors/http.js";
import { workspaceErrors } from "../../dist/errors/workspaces.js";
import { errorAnswer } from "../../dist/http/http-error.js";
import { statusOfCode } from "../../dist/http/status-of-code.js";

const masker = new SecretMasker();

describe("errorAnswer", () => {
  it("gives text and code of an error that is meant for clients, and its faults one by one", () => {
    const faults = [{ path: "name", found: "nothing", allowed: "a value (required)" }];
    expect(errorAnswer(workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults }), masker)).to.deep.equal({
      status: 400,
      headers: {},
      body: { error: "invalid workspace payload", faults, code: "INVALID_WORKSPACE_PAYLOAD" },
    });
  });

  it("shows no other detail than those", () => {
    const { body } = errorAnswer(workspaceErrors.UNKNOWN_PARENT({ parentId: "p" }), masker);
    expect(Object.keys(body)).to.deep.equal(["error", "code"]);
  });

  it("shows nothing of an error that nobody has foreseen", () => {
    const internal = { status: 500, headers: {}, body: { error: "internal error", code: "INTERNAL" } };
    const surprises = [
      new Error("password=hunter2"),
      new CodedError("SOMETHING_INTERNAL", "password=hunter2"),
      new CodedError("toString", "password=hunter2"),
      "password=hunter2",
      undefined,
    ];
    for (const surprise of surprises) expect(errorAnswer(surprise, masker)).to.deep.equal(internal);
  });

  it("masks secrets in the texts that it shows", () => {
    const known = new SecretMasker();
    known.add("hunter2-hunter2");
    const error = workspaceErrors.AGENT_URL_REFUSED({ url: "http://hunter2-hunter2/", reason: "bad" });
    expect(errorAnswer(error, known).body.error).to.equal('agent url "http://***/" is refused: bad');
  });

  it("adds the headers that 401, 426 and 429 ask for", () => {
    expect(errorAnswer(httpErrors.ADMIN_AUTH_REQUIRED({}), masker).headers).to.deep.equal({
      "WWW-Authenticate": "Bearer",
    });
    expect(errorAnswer(httpErrors.UPGRADE_REQUIRED({}), masker).headers).to.deep.equal({
      Upgrade: "websocket",
    });
    expect(errorAnswer(httpErrors.RATE_LIMITED({ retry_after: 7 }), masker)).to.deep.equal({
      status: 429,
      headers: { "Retry-After": "7" },
      body: { error: "rate limit exceeded", retry_after: 7, code: "RATE_LIMITED" },
    });
  });

  it("has a status for every error of the HTTP layer", () => {
    for (const code of Object.keys(httpErrors)) expect(statusOfCode(code), code).to.be.within(400, 503);
  });
});
