import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, run, widePath } from "../support/commands.js";
import { tempDir } from "../support/temp.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";

const CALLS = 20;
const PLUGINS = fileURLToPath(new URL("../../../plugins", import.meta.url));
const IDENTITY = join(PLUGINS, "gh-identity/wrapper");
const TOKEN = join(PLUGINS, "github-app-auth/container");

/** With `--help` the real gh does no more than start: what is before it does all of its own work. */
const ARGUMENTS = ["pr", "create", "--body", "Hello", "--assignee", "@me", "--help"];

/** What an agent's call of gh costs more than without the platform; told, in ms a call. */
export const ghWrapperBenchmarks: readonly Benchmark[] = [
  {
    name: "gh-wrapper",
    compares: "a call of gh through gh-identity's wrapper, signed and logged; bare gh",
    unit: "ms",
    bar: null,
    rounds: 7,
    prepare: () => prepare([IDENTITY]),
  },
  {
    name: "gh-wrapper-and-token",
    compares: "the same through github-app-auth's gh as well, while the token is fresh; bare gh",
    unit: "ms",
    bar: null,
    rounds: 7,
    prepare: () => prepare([TOKEN, IDENTITY]),
  },
];

async function prepare(folders: readonly string[]): Promise<PreparedBenchmark> {
  const real = await findProgram("gh");
  if (real === undefined) throw new Error("gh is not installed; Debian's package is gh");
  const configs = await tempDir("bench-gh-");
  await mkdir(join(configs, "bin"));
  await symlink(real, join(configs, "bin/gh"));
  const token = "ghs_0123456789abcdef";
  const env = {
    PATH: [...folders, join(configs, "bin"), widePath()].join(":"),
    HOME: configs,
    WORKSPACE_CONFIG_PATH: configs,
    MOLECULE_AGENT_ROLE: "Pmm-Lead",
    MOLECULE_OWNER: "alice",
    MOLECULE_ATTRIBUTION_BADGE: "🤖 [Agent: Pmm-Lead · ws-12345678]",
    GH_TOKEN: token,
    GITHUB_TOKEN: token,
    MOLECULE_GITHUB_TOKEN_EXPIRES_AT: "2099-01-01T00:00:00Z",
  };
  const perCall = async (program: string) =>
    (await timed(async () => {
      for (let call = 0; call < CALLS; call += 1) await run(program, ARGUMENTS, { env });
    })) / CALLS;
  return {
    round: (flipped) =>
      inOrder(
        flipped,
        () => perCall(join(folders[0] ?? "", "gh")),
        () => perCall(real),
      ),
    close: () => Promise.resolve(),
  };
}
