import { expect } from "chai";
import { BADGE } from "./support/sandbox.js";
import { testCases, useSandbox, type Case } from "./support/cases.js";

const SIGNED = `${BADGE}\n\n`;

const CASES: readonly Case[] = [
  {
    title: "--body TEXT",
    args: ["pr", "create", "--body", "x"],
    expected: ["pr", "create", "--body", `${SIGNED}x`],
  },
  {
    title: "--body=TEXT",
    args: ["pr", "create", "--body=x"],
    expected: ["pr", "create", `--body=${SIGNED}x`],
  },
  {
    title: "--body=TEXT with more equals signs",
    args: ["pr", "create", "--body=a=b=c"],
    expected: ["pr", "create", `--body=${SIGNED}a=b=c`],
  },
  { title: "-b TEXT", args: ["pr", "create", "-b", "x"], expected: ["pr", "create", "-b", `${SIGNED}x`] },
  { title: "-bTEXT", args: ["pr", "create", "-bx y"], expected: ["pr", "create", `-b${SIGNED}x y`] },
  { title: "-b=TEXT", args: ["pr", "create", "-b=x"], expected: ["pr", "create", `-b=${SIGNED}x`] },
  {
    title: "-b= where the equals sign is the body",
    args: ["pr", "create", "-b="],
    expected: ["pr", "create", `-b${SIGNED}=`],
  },
  {
    title: "-dbTEXT, one letter after another",
    args: ["pr", "create", "-dbx"],
    expected: ["pr", "create", `-db${SIGNED}x`],
  },
  { title: "-db TEXT", args: ["pr", "create", "-db", "x"], expected: ["pr", "create", "-db", `${SIGNED}x`] },
  {
    title: "an empty body",
    args: ["issue", "edit", "5", "--body", ""],
    expected: ["issue", "edit", "5", "--body", SIGNED],
  },
  {
    title: "an empty body after =",
    args: ["issue", "edit", "5", "--body="],
    expected: ["issue", "edit", "5", `--body=${SIGNED}`],
  },
  {
    title: "a body that looks like a flag",
    args: ["issue", "create", "-b", "--body"],
    expected: ["issue", "create", "-b", `${SIGNED}--body`],
  },
  {
    title: "a body of quotes and newlines",
    args: ["issue", "create", "-b", `'a' "b" \\ \n\n c\n\n`],
    expected: ["issue", "create", "-b", `${SIGNED}'a' "b" \\ \n\n c\n\n`],
  },
  {
    title: "a body of shell code, untouched",
    args: ["issue", "create", "-b", "$(id) `id` ${HOME} * ~ !! ; & | > x"],
    expected: ["issue", "create", "-b", `${SIGNED}$(id) \`id\` \${HOME} * ~ !! ; & | > x`],
  },
  {
    title: "a body of emoji and combining letters",
    args: ["issue", "create", "-b", "🏳️‍🌈 é ü 漢字"],
    expected: ["issue", "create", "-b", `${SIGNED}🏳️‍🌈 é ü 漢字`],
  },
  {
    title: "a body of percent signs and backslashes",
    args: ["issue", "create", "-b", "100%s\\n\\0\\c %d"],
    expected: ["issue", "create", "-b", `${SIGNED}100%s\\n\\0\\c %d`],
  },
  { title: "a body that has the badge, once", args: ["pr", "edit", "7", "-b", `${SIGNED}x`] },
  { title: "a body that is the badge alone, once", args: ["pr", "edit", "7", "-b", BADGE] },
  {
    title: "a body with the badge further down",
    args: ["pr", "edit", "7", "-b", `x ${BADGE}`],
    expected: ["pr", "edit", "7", "-b", `${SIGNED}x ${BADGE}`],
  },
  {
    title: "only the last of two bodies, which is what gh takes",
    args: ["pr", "edit", "-b", "one", "--body", "two"],
    expected: ["pr", "edit", "-b", "one", "--body", `${SIGNED}two`],
  },
  {
    title: "a body of 100 KiB, byte by byte",
    args: ["pr", "create", "--body", "x\n".repeat(51_200)],
    expected: ["pr", "create", "--body", `${SIGNED}${"x\n".repeat(51_200)}`],
  },
  {
    title: "-b with a body too long for one more badge, by file",
    args: ["pr", "create", "-b", "é".repeat(62_000)],
    expected: ["pr", "create", "-F", "<file>"],
    file: `${SIGNED}${"é".repeat(62_000)}`,
  },
  {
    title: "-db with such a body",
    args: ["pr", "create", `-db${"y".repeat(125_000)}`],
    expected: ["pr", "create", "-dF<file>"],
    file: `${SIGNED}${"y".repeat(125_000)}`,
  },
  {
    title: "-b= with such a body",
    args: ["pr", "create", `-b=${"y".repeat(125_000)}`],
    expected: ["pr", "create", "-F=<file>"],
    file: `${SIGNED}${"y".repeat(125_000)}`,
  },
  {
    title: "--body= with such a body",
    args: ["pr", "create", `--body=${"y".repeat(125_000)}`],
    expected: ["pr", "create", "--body-file=<file>"],
    file: `${SIGNED}${"y".repeat(125_000)}`,
  },
  {
    title: "--notes with such a body",
    args: ["release", "create", "v1", "--notes", "y".repeat(125_000)],
    expected: ["release", "create", "v1", "--notes-file", "<file>"],
    file: `${SIGNED}${"y".repeat(125_000)}`,
  },
];

describe("the wrapper, given a body as an argument", () => {
  const sandbox = useSandbox();
  testCases(sandbox, CASES, (title) => `signs ${title}`);

  it("makes the badge itself when only role and workspace are known", async () => {
    await sandbox().gh(["pr", "comment", "-b", "x"], { env: { MOLECULE_ATTRIBUTION_BADGE: "" } });
    expect(await sandbox().recordedArguments()).to.deep.equal(["pr", "comment", "-b", `${SIGNED}x`]);
  });
});
