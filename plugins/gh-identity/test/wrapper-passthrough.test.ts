import { expect } from "chai";
import { existsSync } from "node:fs";
import { testCases, useSandbox, type Case } from "./support/cases.js";

const CASES: readonly Case[] = [
  { title: "no arguments", args: [] },
  { title: "a verb without a body", args: ["pr", "create", "--fill"] },
  { title: "a title that looks like a body flag", args: ["pr", "create", "-t", "-b", "--title", "--body"] },
  { title: "a title glued to its flag", args: ["pr", "create", "-tab"] },
  { title: "a body flag without a value", args: ["pr", "create", "--body"] },
  { title: "a body flag after --", args: ["pr", "create", "--", "-b", "x"] },
  { title: "everything after a -- before the verb", args: ["--", "pr", "create", "-b", "x"] },
  { title: "an unknown letter in a group", args: ["pr", "create", "-Zbx"] },
  { title: "a body file that is not there", args: ["pr", "create", "-F", "missing.md"] },
  { title: "a body file that is a folder", args: ["pr", "create", "-F", "."] },
  { title: "an empty name of a body file", args: ["pr", "create", "--body-file", ""] },
  { title: "the removal of an assignee", args: ["pr", "edit", "7", "--remove-assignee", "@me"] },
  { title: "a merge, whose body is a commit message", args: ["pr", "merge", "7", "-b", "x"] },
  { title: "a filter by assignee", args: ["issue", "list", "--assignee", "@me"] },
  { title: "an api call, whose -F is a field", args: ["api", "repos/o/r/issues", "-F", "body=x"] },
  { title: "an alias", args: ["bug", "-b", "x"] },
  { title: "an unknown command", args: ["nosuch", "create", "--body", "x"] },
  { title: "an extension", args: ["dash", "pr", "create", "-b", "x"] },
  { title: "help", args: ["pr", "create", "--help"] },
  { title: "the version", args: ["--version"] },
  { title: "empty arguments and globs", args: ["pr", "view", "", "*", "?", "[a]", " "] },
];

describe("the wrapper, on what is not its business", () => {
  const sandbox = useSandbox();
  testCases(sandbox, CASES, (title) => `passes on unchanged: ${title}`);

  for (const role of ["", "  \t"]) {
    it(`changes nothing and logs nothing when the role is ${JSON.stringify(role)}`, async () => {
      const args = ["pr", "create", "-a", "@me", "-b", "x"];
      const log = sandbox().path("no-role.jsonl");
      await sandbox().gh(args, { env: { MOLECULE_AGENT_ROLE: role, MOLECULE_GH_AUDIT_LOG: log } });
      expect(await sandbox().recordedArguments()).to.deep.equal(args);
      expect(existsSync(log)).to.be.false;
    });
  }

  it("gives gh its stdin, byte by byte", async () => {
    const stdin = Buffer.from([0, 255, 10, 13, 128, 0]);
    await sandbox().gh(["api", "--input", "-"], { stdin, env: { RECORD_STDIN: "1" } });
    expect((await sandbox().recorded("stdin")).equals(stdin)).to.be.true;
  });

  it("gives gh the caller's locale, though it works on bytes itself", async () => {
    await sandbox().gh(["pr", "comment", "-b", "x"], { env: { LC_ALL: "C.UTF-8" } });
    expect((await sandbox().recorded("locale")).toString()).to.equal("C.UTF-8");
  });

  it("works under shell options that its caller exported", async () => {
    const env = { SHELLOPTS: "errexit:nounset" };
    const result = await sandbox().gh(["pr", "view"], { env });
    expect(result.code).to.equal(0);
    expect(await sandbox().recordedArguments()).to.deep.equal(["pr", "view"]);
  });
});
