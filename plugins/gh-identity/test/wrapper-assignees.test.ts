import { BADGE } from "./support/sandbox.js";
import { testCases, useSandbox, type Case } from "./support/cases.js";

const SIGNED = `${BADGE}\n\n`;

const CASES: readonly Case[] = [
  {
    title: "--assignee @me",
    args: ["issue", "create", "--assignee", "@me"],
    expected: ["issue", "create", "--assignee", "alice"],
  },
  {
    title: "--assignee=@me",
    args: ["issue", "create", "--assignee=@me"],
    expected: ["issue", "create", "--assignee=alice"],
  },
  { title: "-a @me", args: ["pr", "create", "-a", "@me"], expected: ["pr", "create", "-a", "alice"] },
  { title: "-a@me", args: ["pr", "create", "-a@me"], expected: ["pr", "create", "-aalice"] },
  { title: "-a=@me", args: ["pr", "create", "-a=@me"], expected: ["pr", "create", "-a=alice"] },
  {
    title: "@me in a comma list",
    args: ["issue", "create", "-a", "bob,@me,carol"],
    expected: ["issue", "create", "-a", "bob,alice,carol"],
  },
  {
    title: "@me in a list with blanks",
    args: ["issue", "create", "-a", "bob, @me"],
    expected: ["issue", "create", "-a", "bob,alice"],
  },
  {
    title: "--add-assignee @me",
    args: ["pr", "edit", "7", "--add-assignee", "@me"],
    expected: ["pr", "edit", "7", "--add-assignee", "alice"],
  },
  {
    title: "--add-assignee=@me,bob",
    args: ["issue", "edit", "5", "--add-assignee=@me,bob"],
    expected: ["issue", "edit", "5", "--add-assignee=alice,bob"],
  },
  {
    title: "several assignee flags",
    args: ["pr", "create", "-a", "@me", "--assignee", "@me,bob"],
    expected: ["pr", "create", "-a", "alice", "--assignee", "alice,bob"],
  },
  { title: "a login that only begins like @me", args: ["pr", "create", "-a", "@mention"] },
  { title: "other logins, as they are", args: ["pr", "create", "-a", "bob,@copilot"] },
  {
    title: "without an owner, @me out of a list",
    owner: "",
    args: ["pr", "create", "-a", "@me,bob"],
    expected: ["pr", "create", "-a", "bob"],
  },
  {
    title: "without an owner, the whole flag",
    owner: "",
    args: ["pr", "create", "-a", "@me", "-t", "T"],
    expected: ["pr", "create", "-t", "T"],
  },
  {
    title: "without an owner, --assignee=@me",
    owner: "",
    args: ["pr", "create", "--assignee=@me", "--draft"],
    expected: ["pr", "create", "--draft"],
  },
  {
    title: "without an owner, -a@me",
    owner: "",
    args: ["pr", "create", "-a@me"],
    expected: ["pr", "create"],
  },
  {
    title: "without an owner, -wa @me but not -w",
    owner: "",
    args: ["pr", "create", "-wa", "@me", "x"],
    expected: ["pr", "create", "-w", "x"],
  },
  {
    title: "without an owner, --add-assignee @me",
    owner: "",
    args: ["pr", "edit", "--add-assignee", "@me", "7"],
    expected: ["pr", "edit", "7"],
  },
  {
    title: "without an owner, beside a body",
    owner: "",
    args: ["pr", "create", "-b", "x", "-a", "@me", "-t", "T"],
    expected: ["pr", "create", "-b", `${SIGNED}x`, "-t", "T"],
  },
];

describe("the wrapper, given assignees", () => {
  const sandbox = useSandbox();
  testCases(sandbox, CASES, (title) => `turns @me into the owner or drops it: ${title}`);
});
