import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { RecordingDraft } from "../../../dist/src/hooks/env-mutators/draft.js";
import { callUntyped, codedFailureOf } from "../../support/failures.js";

/** The longest value of the variable K: 128 KiB without `K=` and the NUL. */
const MOST = 128 * 1024 - 3;

function emptyDraft(): RecordingDraft {
  return new RecordingDraft(new Map(), { plugin: "acme", mutator: "acme-env", fileRoot: "" });
}

describe("RecordingDraft refuses what no environment can carry:", () => {
  const refusals: readonly [string, (draft: RecordingDraft) => unknown, string, string][] = [
    [
      "an empty name",
      (draft) => draft.set("", "x"),
      "ENV_KEY_INVALID",
      'plugin "acme": the variable name "" is not usable; it must not be empty nor hold "=" or NUL',
    ],
    [
      "a name with =",
      (draft) => draft.unset("A=B"),
      "ENV_KEY_INVALID",
      'plugin "acme": the variable name "A=B" is not usable; it must not be empty nor hold "=" or NUL',
    ],
    [
      "a name with NUL",
      (draft) => draft.append("A\0", "x"),
      "ENV_KEY_INVALID",
      String.raw`plugin "acme": the variable name "A\u0000" is not usable; it must not be empty nor hold "=" or NUL`,
    ],
    [
      "a name that is no text",
      (draft) => callUntyped(draft, "set", 5, "x"),
      "ENV_KEY_INVALID",
      'plugin "acme": the variable name 5 is not usable; it must not be empty nor hold "=" or NUL',
    ],
    [
      "a value with NUL",
      (draft) => draft.set("K", "a\0b"),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K holds a NUL character; no environment can carry that',
    ],
    [
      "a separator with NUL",
      (draft) => {
        draft.set("K", "a");
        draft.append("K", "b", "\0");
      },
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K holds a NUL character; no environment can carry that',
    ],
    [
      "a variable of more than 128 KiB, its name, the = and the NUL counted",
      (draft) => draft.set("K", "x".repeat(MOST + 1)),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K makes an entry of 131073 bytes (KEY=VALUE and a NUL); at most 131072 are allowed',
    ],
    [
      "a value that is too large in bytes though not in characters",
      (draft) => draft.set("K", "é".repeat((MOST - 1) / 2 + 1)),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K makes an entry of 131073 bytes (KEY=VALUE and a NUL); at most 131072 are allowed',
    ],
    [
      "a value that grows too large by joining",
      (draft) => {
        draft.set("K", "x".repeat(MOST));
        draft.append("K", "y");
      },
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K makes an entry of 131074 bytes (KEY=VALUE and a NUL); at most 131072 are allowed',
    ],
    [
      "no value",
      (draft) => callUntyped(draft, "set", "K", undefined),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K is of type undefined; give a string, or what secret() returned',
    ],
    [
      "null",
      (draft) => callUntyped(draft, "setDefault", "K", null),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K is of type null; give a string, or what secret() returned',
    ],
    [
      "a number",
      (draft) => callUntyped(draft, "set", "K", 5),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K is of type number; give a string, or what secret() returned',
    ],
    [
      "an object that secret() did not make",
      (draft) => callUntyped(draft, "set", "K", { value: "x" }),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K is of type object; give a string, or what secret() returned',
    ],
    [
      "a secret without a text",
      (draft) => callUntyped(draft, "set", "K", callUntyped(draft, "secret", undefined)),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K is a secret of type undefined; give a string',
    ],
    [
      "a secret whose expiry is a text",
      (draft) =>
        callUntyped(draft, "set", "K", callUntyped(draft, "secret", "x", { expiresAt: "2026-01-01" })),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K is a secret whose expiresAt is no valid Date',
    ],
    [
      "a secret whose expiry is an invalid date",
      (draft) => draft.set("K", draft.secret("x", { expiresAt: new Date("never") })),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K is a secret whose expiresAt is no valid Date',
    ],
    [
      "a separator that is no text",
      (draft) => callUntyped(draft, "append", "K", "x", null),
      "ENV_VALUE_INVALID",
      'plugin "acme": the value of K has a separator of type object; give a string',
    ],
    ...["WORKSPACE_ID", "PLATFORM_URL", "MOLECULE_URL", "WORKSPACE_CONFIG_PATH"].map(
      (key): [string, (draft: RecordingDraft) => unknown, string, string] => [
        `an edit of the platform's ${key}`,
        (draft) => draft.unset(key),
        "ENV_KEY_PROTECTED",
        `plugin "acme": ${key} belongs to the platform and can't be changed; remove this edit from the plugin`,
      ],
    ),
    [
      "a relative file",
      (draft) => draft.files.add({ path: "etc/x", mode: 0o644, content: "" }),
      "ENV_FILE_INVALID",
      'plugin "acme": the file "etc/x" must be an absolute path without "..", "//" or a trailing "/"',
    ],
    [
      "a file above the root",
      (draft) => draft.files.add({ path: "/a/../../etc/x", mode: 0o644, content: "" }),
      "ENV_FILE_INVALID",
      'plugin "acme": the file "/a/../../etc/x" must be an absolute path without "..", "//" or a trailing "/"',
    ],
    [
      "a folder as a file",
      (draft) => draft.files.add({ path: "/etc/", mode: 0o644, content: "" }),
      "ENV_FILE_INVALID",
      'plugin "acme": the file "/etc/" must be an absolute path without "..", "//" or a trailing "/"',
    ],
    [
      "a file's path with NUL",
      (draft) => draft.files.add({ path: "/etc/x\0", mode: 0o644, content: "" }),
      "ENV_FILE_INVALID",
      String.raw`plugin "acme": the file "/etc/x\u0000" holds a NUL character`,
    ],
    [
      "a set-user-id file",
      (draft) => draft.files.add({ path: "/etc/x", mode: 0o4755, content: "" }),
      "ENV_FILE_INVALID",
      'plugin "acme": the file "/etc/x" needs permission bits between 0 and 0o777 as mode',
    ],
    [
      "a file whose mode is a text",
      (draft) => callUntyped(draft.files, "add", { path: "/etc/x", mode: "755", content: "" }),
      "ENV_FILE_INVALID",
      'plugin "acme": the file "/etc/x" needs permission bits between 0 and 0o777 as mode',
    ],
    [
      "a file without content",
      (draft) => callUntyped(draft.files, "add", { path: "/etc/x", mode: 0o644 }),
      "ENV_FILE_INVALID",
      'plugin "acme": the file "/etc/x" has a content of type undefined; give a string or a Uint8Array',
    ],
    [
      "no file at all",
      (draft) => callUntyped(draft.files, "add", undefined),
      "ENV_FILE_INVALID",
      'plugin "acme": the file nothing must be an object of path, mode and content',
    ],
  ];
  for (const [what, edit, code, message] of refusals) {
    it(`${what}, and remembers that it did`, async () => {
      const draft = emptyDraft();
      const error = await codedFailureOf(() => edit(draft));
      expect({ code: error.code, message: error.message }).to.deep.equal({ code, message });
      expect(draft.fault).to.equal(error);
    });
  }

  it("takes just what a process can be given", () => {
    const draft = emptyDraft();
    const largest = "é".repeat((MOST - 1) / 2) + "x";
    draft.set("K", largest);
    expect(draft.fault).to.equal(undefined);
    expect(spawnSync("/bin/true", { env: { K: largest } }).status).to.equal(0);
    expect(spawnSync("/bin/true", { env: { K: `${largest}x` } }).error).to.have.property("code", "E2BIG");
  });

  it("remembers the first broken rule of several", async () => {
    const draft = emptyDraft();
    await codedFailureOf(() => draft.set("", "x"));
    await codedFailureOf(() => draft.set("WORKSPACE_ID", "x"));
    expect(draft.fault?.code).to.equal("ENV_KEY_INVALID");
  });
});
