import { mkdir, symlink, writeFile } from "node:fs/promises";
import { expect } from "chai";
import { BADGE } from "./support/sandbox.js";
import { testCases, useSandbox, type Case } from "./support/cases.js";

const SIGNED = `${BADGE}\n\n`;

/** What stands in every case's working folder. */
const FILES: Readonly<Record<string, string>> = {
  "body.md": "from a file\n\n",
  "empty.md": "",
  "signed.md": `${SIGNED}signed before\n`,
  "a name.md": "blank in its name",
};

const CASES: readonly Case[] = [
  {
    title: "--body-file PATH",
    args: ["pr", "create", "--body-file", "body.md"],
    expected: ["pr", "create", "--body-file", "<file>"],
    file: `${SIGNED}from a file\n\n`,
  },
  {
    title: "--body-file=PATH",
    args: ["pr", "create", "--body-file=body.md"],
    expected: ["pr", "create", "--body-file=<file>"],
    file: `${SIGNED}from a file\n\n`,
  },
  {
    title: "-F PATH",
    args: ["pr", "comment", "-F", "body.md"],
    expected: ["pr", "comment", "-F", "<file>"],
    file: `${SIGNED}from a file\n\n`,
  },
  {
    title: "-FPATH",
    args: ["pr", "comment", "-Fbody.md"],
    expected: ["pr", "comment", "-F<file>"],
    file: `${SIGNED}from a file\n\n`,
  },
  {
    title: "-F=PATH",
    args: ["pr", "comment", "-F=body.md"],
    expected: ["pr", "comment", "-F=<file>"],
    file: `${SIGNED}from a file\n\n`,
  },
  {
    title: "-dF PATH",
    args: ["pr", "create", "-dF", "body.md"],
    expected: ["pr", "create", "-dF", "<file>"],
    file: `${SIGNED}from a file\n\n`,
  },
  {
    title: "a file with a blank in its name",
    args: ["pr", "comment", "-F", "a name.md"],
    expected: ["pr", "comment", "-F", "<file>"],
    file: `${SIGNED}blank in its name`,
  },
  {
    title: "an empty file",
    args: ["pr", "comment", "-F", "empty.md"],
    expected: ["pr", "comment", "-F", "<file>"],
    file: SIGNED,
  },
  {
    title: "a file that has the badge, once",
    args: ["pr", "comment", "-F", "signed.md"],
    expected: ["pr", "comment", "-F", "<file>"],
    file: `${SIGNED}signed before\n`,
  },
  {
    title: "stdin by --body-file -",
    args: ["issue", "comment", "5", "--body-file", "-"],
    stdin: "piped\n",
    expected: ["issue", "comment", "5", "--body-file", "<file>"],
    file: `${SIGNED}piped\n`,
  },
  {
    title: "stdin by -F-",
    args: ["issue", "comment", "5", "-F-"],
    stdin: "piped",
    expected: ["issue", "comment", "5", "-F<file>"],
    file: `${SIGNED}piped`,
  },
  {
    title: "stdin by --body-file=-",
    args: ["issue", "comment", "5", "--body-file=-"],
    stdin: "",
    expected: ["issue", "comment", "5", "--body-file=<file>"],
    file: SIGNED,
  },
  {
    title: "stdin that has the badge, once",
    args: ["issue", "comment", "5", "-F", "-"],
    stdin: `${SIGNED}again`,
    expected: ["issue", "comment", "5", "-F", "<file>"],
    file: `${SIGNED}again`,
  },
  {
    title: "stdin with NUL characters, byte by byte",
    args: ["issue", "comment", "5", "-F", "-"],
    stdin: "a\0b\0\0c\n",
    expected: ["issue", "comment", "5", "-F", "<file>"],
    file: `${SIGNED}a\0b\0\0c\n`,
  },
  {
    title: "stdin of 300 KiB",
    args: ["issue", "comment", "5", "-F", "-"],
    stdin: "0123456789\n".repeat(28_000),
    expected: ["issue", "comment", "5", "-F", "<file>"],
    file: `${SIGNED}${"0123456789\n".repeat(28_000)}`,
  },
  {
    title: "stdin once when it is named twice",
    args: ["issue", "comment", "5", "-F", "-", "-F", "-"],
    stdin: "piped",
    expected: ["issue", "comment", "5", "-F", "-", "-F", "<file>"],
    file: `${SIGNED}piped`,
  },
  {
    title: "the release notes of --notes-file",
    args: ["release", "create", "v1", "--notes-file", "body.md"],
    expected: ["release", "create", "v1", "--notes-file", "<file>"],
    file: `${SIGNED}from a file\n\n`,
  },
];

describe("the wrapper, given a body as a file or on stdin", () => {
  const sandbox = useSandbox();

  before(async () => {
    for (const [name, content] of Object.entries(FILES)) {
      await writeFile(sandbox().path(`work/${name}`), content);
    }
  });

  testCases(sandbox, CASES, (title) => `signs the body of ${title}`);

  it("signs a body that comes from a process substitution, which can be read only once", async () => {
    await sandbox().bash(`gh pr comment 7 -F <(printf 'streamed\\n')`);
    expect((await sandbox().recorded("file")).toString()).to.equal(`${SIGNED}streamed\n`);
  });

  it("keeps bytes of a body that are not UTF-8", async () => {
    await sandbox().bash(`printf '\\xff\\xfe\\n' | gh pr comment 7 -F -`);
    const expected = Buffer.concat([Buffer.from(SIGNED), Buffer.from([0xff, 0xfe, 0x0a])]);
    expect((await sandbox().recorded("file")).equals(expected)).to.be.true;
  });

  it("gives gh a file that no other user can read", async () => {
    await mkdir(sandbox().path("lister"));
    await sandbox().script("lister/gh", '#!/bin/sh\nls -l "$4"\n');
    const result = await sandbox().gh(["pr", "comment", "-F", "body.md"], {
      path: [...sandbox().folders("bin", "lister", "tools"), "/bin"],
    });
    expect(result.stdout).to.match(/^-rw------- /);
  });

  it("ends with 1 and publishes nothing when the body can't be copied, rather than a part of it", async () => {
    await mkdir(sandbox().path("few-tools"));
    for (const tool of ["bash", "rm", "date"]) {
      await symlink(sandbox().path(`tools/${tool}`), sandbox().path(`few-tools/${tool}`));
    }
    const result = await sandbox().gh(["pr", "comment", "7", "-F", "body.md"], {
      path: sandbox().folders("bin", "real", "few-tools"),
    });
    expect(result.code).to.equal(1);
    expect(result.stderr).to.contain(
      "gh (identity wrapper): the body file could not be copied to a temporary file\n",
    );
    expect(sandbox().wasCalled).to.be.false;
    expect(await sandbox().leftovers()).to.deep.equal([]);
  });
});
