import { mkdir, rm } from "node:fs/promises";
import { expect } from "chai";
import { Sandbox, type CallResult } from "./sandbox.js";

/** One call: its arguments, what gh must get, and what must stand in the file that gh is given. */
export interface Case {
  readonly title: string;
  readonly args: readonly string[];
  /** Equal to `args` when absent. */
  readonly expected?: readonly string[];
  readonly file?: string;
  readonly stdin?: string;
  /** `alice` when absent. */
  readonly owner?: string;
}

/** Makes a sandbox for the tests of a suite, with an empty record before each. */
export function useSandbox(): () => Sandbox {
  let sandbox: Sandbox | undefined;
  const get = () => {
    if (sandbox === undefined) throw new Error("the sandbox is there during tests only");
    return sandbox;
  };
  before(async () => {
    sandbox = await Sandbox.create();
  });
  beforeEach(async () => {
    await rm(get().path("record"), { recursive: true });
    await mkdir(get().path("record"));
  });
  after(() => get().dispose());
  return get;
}

/** One test per case. */
export function testCases(
  sandbox: () => Sandbox,
  cases: readonly Case[],
  titleOf: (title: string) => string,
): void {
  for (const { title, args, expected = args, file, stdin = "", owner = "alice" } of cases) {
    it(titleOf(title), async () => {
      const result = await sandbox().gh(args, { stdin, env: { MOLECULE_OWNER: owner } });
      expect(result).to.deep.equal({ code: 0, signal: null, stdout: "", stderr: "" } satisfies CallResult);
      expect(await sandbox().recordedArguments()).to.deep.equal(expected);
      if (file !== undefined) expect((await sandbox().recorded("file")).toString()).to.equal(file);
      expect(await sandbox().leftovers()).to.deep.equal([]);
    });
  }
}
