import { BADGE } from "./support/sandbox.js";
import { testCases, useSandbox, type Case } from "./support/cases.js";

const SIGNED = `${BADGE}\n\n`;

const CASES: readonly Case[] = [
  {
    title: "issue create",
    args: ["issue", "create", "-t", "T", "-b", "x"],
    expected: ["issue", "create", "-t", "T", "-b", `${SIGNED}x`],
  },
  {
    title: "issue new, gh's own other name for it",
    args: ["issue", "new", "-b", "x"],
    expected: ["issue", "new", "-b", `${SIGNED}x`],
  },
  {
    title: "issue comment",
    args: ["issue", "comment", "5", "-b", "x"],
    expected: ["issue", "comment", "5", "-b", `${SIGNED}x`],
  },
  {
    title: "issue edit",
    args: ["issue", "edit", "5", "-b", "x"],
    expected: ["issue", "edit", "5", "-b", `${SIGNED}x`],
  },
  { title: "pr new", args: ["pr", "new", "-b", "x"], expected: ["pr", "new", "-b", `${SIGNED}x`] },
  {
    title: "pr comment",
    args: ["pr", "comment", "7", "-b", "x"],
    expected: ["pr", "comment", "7", "-b", `${SIGNED}x`],
  },
  {
    title: "pr edit",
    args: ["pr", "edit", "7", "-b", "x"],
    expected: ["pr", "edit", "7", "-b", `${SIGNED}x`],
  },
  {
    title: "pr review, whose -a approves and -r requests changes",
    args: ["pr", "review", "-ab", "x", "7"],
    expected: ["pr", "review", "-ab", `${SIGNED}x`, "7"],
  },
  {
    title: "pr review with -rb glued",
    args: ["pr", "review", "-rbno"],
    expected: ["pr", "review", `-rb${SIGNED}no`],
  },
  {
    title: "release create by --notes",
    args: ["release", "create", "v1", "--notes", "x"],
    expected: ["release", "create", "v1", "--notes", `${SIGNED}x`],
  },
  {
    title: "release create by -n, with assets",
    args: ["release", "create", "v1", "a.tgz", "-dn", "x"],
    expected: ["release", "create", "v1", "a.tgz", "-dn", `${SIGNED}x`],
  },
  {
    title: "release edit",
    args: ["release", "edit", "v1", "--notes=x"],
    expected: ["release", "edit", "v1", `--notes=${SIGNED}x`],
  },
  {
    title: "discussion create",
    args: ["discussion", "create", "-c", "Ideas", "--body", "x"],
    expected: ["discussion", "create", "-c", "Ideas", "--body", `${SIGNED}x`],
  },
  {
    title: "flags before the verb",
    args: ["-R", "o/r", "pr", "create", "-b", "x"],
    expected: ["-R", "o/r", "pr", "create", "-b", `${SIGNED}x`],
  },
  {
    title: "a long flag before the verb",
    args: ["--repo", "o/r", "pr", "create", "-b", "x"],
    expected: ["--repo", "o/r", "pr", "create", "-b", `${SIGNED}x`],
  },
  {
    title: "flags with = and glued ones before the verb",
    args: ["--repo=o/r", "-Ro/r", "pr", "create", "-b", "x"],
    expected: ["--repo=o/r", "-Ro/r", "pr", "create", "-b", `${SIGNED}x`],
  },
  {
    title: "a flag between the two words of the verb",
    args: ["pr", "-R", "o/r", "create", "-b", "x"],
    expected: ["pr", "-R", "o/r", "create", "-b", `${SIGNED}x`],
  },
  {
    title: "the body before the verb",
    args: ["--body", "x", "pr", "create"],
    expected: ["--body", `${SIGNED}x`, "pr", "create"],
  },
  {
    title: "a repository named like a verb",
    args: ["-R", "pr", "issue", "create", "-b", "x"],
    expected: ["-R", "pr", "issue", "create", "-b", `${SIGNED}x`],
  },
];

describe("the wrapper, on the verbs that publish", () => {
  const sandbox = useSandbox();
  testCases(sandbox, CASES, (title) => `signs what is published by ${title}`);
});
