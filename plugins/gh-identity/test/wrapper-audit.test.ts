import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { expect } from "chai";
import { useSandbox } from "./support/cases.js";
import type { AuditLine } from "./support/sandbox.js";

const CALLS = 200;
const KIB = 1024;

describe("the wrapper's audit log", () => {
  const sandbox = useSandbox();
  let logs = 0;
  let log = "";

  beforeEach(() => {
    log = `audit-${++logs}.jsonl`;
  });

  const logEnv = () => ({ MOLECULE_GH_AUDIT_LOG: sandbox().path(log) });

  /** Calls the wrapper and gives the line that it wrote. */
  const lineOf = async (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<AuditLine> => {
    await sandbox().gh(args, { env: { ...logEnv(), ...env } });
    const [line, ...more] = await sandbox().auditLines(log);
    expect(more).to.deep.equal([]);
    if (line === undefined) throw new Error("no line was written");
    return line;
  };

  it("has one line per call with time, role, workspace, owner, arguments as given, and exit code", async () => {
    const args = ["pr", "create", "-b", "x", "-a", "@me"];
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { time, ...rest } = await lineOf(args, { RECORDER_EXIT: "4" });
    expect(rest).to.deep.equal({
      role: "Pmm-Lead",
      workspace: "12345678-9abc-4def-8012-3456789abcde",
      owner: "alice",
      argv: args,
      exit_code: 4,
    });
    expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Date.parse(time)).to.be.within(before, Date.now());
  });

  it("lies in the workspace's configuration folder unless told otherwise", async () => {
    await sandbox().gh(["pr", "list"]);
    expect((await sandbox().auditLines()).at(-1)?.argv).to.deep.equal(["pr", "list"]);
  });

  it("makes the folder of the log where it is missing", async () => {
    await sandbox().gh(["pr", "list"], { env: { MOLECULE_GH_AUDIT_LOG: sandbox().path("new/folder/log") } });
    expect(await sandbox().auditLines("new/folder/log")).to.have.lengthOf(1);
  });

  it("holds every argument as it was: quotes, backslashes, newlines, control characters, emoji, none", async () => {
    const args = [
      '"',
      "\\",
      "\\n",
      "a\nb\tc\r",
      "\u0001\u001f\u007f",
      "🤖 é 漢 \u2028",
      "",
      "</script>",
      "%s $(id)",
    ];
    expect((await lineOf(args)).argv).to.deep.equal(args);
  });

  it("puts the replacement character where bytes are not UTF-8", async () => {
    const bytes = "a\\xff|\\xc3|\\xc0\\x80|\\xed\\xa0\\x80|\\xf5\\x80\\x80\\x80|\\xe2\\x82\\xacz";
    await sandbox().bash(`gh pr view $'${bytes}'`, { env: logEnv() });
    const [line] = await sandbox().auditLines(log);
    expect(line?.argv[2]).to.equal("a�|�|��|���|����|€z");
  });

  it("cuts an argument at 4 KiB, never inside a character", async () => {
    const line = await lineOf([
      "pr",
      "create",
      "-b",
      "x".repeat(100 * KIB),
      `${"x".repeat(4 * KIB - 2)}€uro`,
    ]);
    expect(line.argv.slice(3)).to.deep.equal(["x".repeat(4 * KIB), "x".repeat(4 * KIB - 2)]);
  });

  describe("secrets", () => {
    const classic = `ghp_${"a1B2".repeat(9)}`;
    const long = `ghs_${"eyJh.bGci-Oi_J".repeat(37)}`;
    const cases: readonly [string, readonly string[], readonly string[]][] = [
      ["a classic token", ["x", `say ${classic}, no`], ["x", "say ***, no"]],
      ["the long form of an installation token", ["x", `t=${long}`], ["x", "t=***"]],
      ["a fine-grained token", ["x", `github_pat_${"A1_".repeat(20)}`], ["x", "***"]],
      ["a JSON web token", ["x", "a eyJhbGci.eyJpc3Mi.c2ln-_ b"], ["x", "a *** b"]],
      [
        "a password in a URL",
        ["repo", "clone", "https://me:pw@github.com/o/r"],
        ["repo", "clone", "https://***@github.com/o/r"],
      ],
      [
        "an Authorization header",
        ["api", "-H", "Authorization: Bearer abc", "x"],
        ["api", "-H", "Authorization: ***", "x"],
      ],
      [
        "a field of a call whose name says secret",
        ["api", "x", "-f", "client_secret=abc"],
        ["api", "x", "-f", "client_secret=***"],
      ],
      [
        "the value after a flag whose name says token",
        ["dash", "--api-token", "abc", "--password=abc"],
        ["dash", "--api-token", "***", "--password=***"],
      ],
      [
        "a repository secret by --body",
        ["secret", "set", "KEY", "--body", "abc"],
        ["secret", "set", "KEY", "--body", "***"],
      ],
      [
        "a repository secret by -b, =, and glued",
        ["secret", "-R", "o/r", "set", "K", "-b", "abc", "--body=abc", "-babc"],
        ["secret", "-R", "o/r", "set", "K", "-b", "***", "--body=***", "-b***"],
      ],
      [
        "the token that gh itself uses, of any shape",
        ["x", "my odd&[token] twice odd&[token]"],
        ["x", "my *** twice ***"],
      ],
      [
        "words that only look alike",
        ["issue", "list", "laughs_at", "tokens are fun", "ghp_short"],
        ["issue", "list", "laughs_at", "tokens are fun", "ghp_short"],
      ],
    ];
    for (const [title, args, expected] of cases) {
      it(`masks, or leaves: ${title}`, async () => {
        expect((await lineOf(args, { GH_TOKEN: "odd&[token]" })).argv).to.deep.equal(expected);
      });
    }

    it("masks a token that reaches over the cut", async () => {
      const line = await lineOf(["x", `${"x".repeat(4 * KIB - 20)} ${long}`]);
      expect(line.argv[1]).to.equal(`${"x".repeat(4 * KIB - 20)} ***`);
    });
  });

  it(`holds ${CALLS} whole lines after ${CALLS} calls at once, long ones too`, async function () {
    this.timeout(120_000);
    const body = 'line "quoted"\n'.repeat(250);
    const calls = Array.from({ length: CALLS }, (_, index) =>
      sandbox().gh(["pr", "create", "-b", body, "-b", body, "-t", String(index)], {
        env: { ...logEnv(), RECORD: "" },
      }),
    );
    for (const result of await Promise.all(calls)) expect(result.code).to.equal(0);
    const lines = await sandbox().auditLines(log);
    const titles = lines.map((line) => Number(line.argv.at(-1))).sort((a, b) => a - b);
    expect(titles).to.deep.equal(Array.from({ length: CALLS }, (_, index) => index));
    expect(lines.every((line) => line.argv[3] === body)).to.be.true;
  });

  describe("that can't be written", () => {
    const outcome = async (path: string) =>
      sandbox().gh(["pr", "list"], { env: { MOLECULE_GH_AUDIT_LOG: path, RECORDER_EXIT: "3" } });
    const quiet = { code: 3, signal: null, stdout: "", stderr: "" };

    it("changes nothing for the caller when its folder can't be made", async () => {
      await writeFile(sandbox().path("a-file"), "");
      expect(await outcome(sandbox().path("a-file/log"))).to.deep.equal(quiet);
    });

    it("changes nothing for the caller when it is a folder", async () => {
      expect(await outcome(sandbox().path("work"))).to.deep.equal(quiet);
    });

    it("changes nothing for the caller when the disk is full", async () => {
      expect(await outcome("/dev/full")).to.deep.equal(quiet);
    });

    it("does not wait for a reader when it is a FIFO", async () => {
      execFileSync("mkfifo", [sandbox().path("fifo")]);
      expect(await outcome(sandbox().path("fifo"))).to.deep.equal(quiet);
    });

    it("changes nothing for the caller when the image has no awk", async () => {
      await mkdir(sandbox().path("no-awk"));
      const result = await sandbox().bash(
        `for tool in bash date dd; do ln -s "$TOOLS/$tool" "$BARE/$tool"; done; PATH=$BARE/../bin:$BARE/../real:$BARE gh pr list`,
        {
          path: [...sandbox().folders("tools"), "/bin"],
          env: {
            ...logEnv(),
            TOOLS: sandbox().path("tools"),
            BARE: sandbox().path("no-awk"),
            RECORDER_EXIT: "3",
          },
        },
      );
      expect(result).to.deep.equal(quiet);
    });
  });
});
