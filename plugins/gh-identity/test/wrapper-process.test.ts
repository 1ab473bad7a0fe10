import { cp, link, mkdir, symlink, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { expect } from "chai";
import { useSandbox } from "./support/cases.js";
import { finished, WRAPPER } from "./support/sandbox.js";

describe("the wrapper as a process", () => {
  const sandbox = useSandbox();

  describe("finding the real gh", () => {
    it("skips itself by symbolic link, hard link, copy and an older copy of other content", async () => {
      for (const folder of ["by-symlink", "by-link", "by-copy", "older"]) await mkdir(sandbox().path(folder));
      await symlink(sandbox().path("bin/gh"), sandbox().path("by-symlink/gh"));
      await link(sandbox().path("bin/gh"), sandbox().path("by-link/gh"));
      await cp(WRAPPER, sandbox().path("by-copy/gh"));
      await sandbox().script("older/gh", "#!/bin/bash\n# molecule-gh-wrapper\nexit 99\n");
      const result = await sandbox().gh(["pr", "view"], {
        path: sandbox().folders("by-symlink", "by-link", "bin", "by-copy", "older", "real", "tools"),
      });
      expect(result.code).to.equal(0);
      expect(await sandbox().recordedArguments()).to.deep.equal(["pr", "view"]);
    });

    it("skips folders named gh, files that can't be executed, and folders that are not there", async () => {
      await mkdir(sandbox().path("folder/gh"), { recursive: true });
      await mkdir(sandbox().path("plain"));
      await writeFile(sandbox().path("plain/gh"), "#!/bin/sh\nexit 98\n");
      const result = await sandbox().gh(["pr", "view"], {
        path: sandbox().folders("bin", "folder", "plain", "missing", "real", "tools"),
      });
      expect(result.code).to.equal(0);
    });

    it("works when it is called through a symbolic link of another name", async () => {
      await symlink(sandbox().path("bin/gh"), sandbox().path("github"));
      const result = await finished(sandbox().start(sandbox().path("github"), ["pr", "view"]));
      expect(result.code).to.equal(0);
      expect(await sandbox().recordedArguments()).to.deep.equal(["pr", "view"]);
    });

    for (const role of ["Pmm-Lead", ""]) {
      it(`ends with 127 and one clear line when there is none, role ${JSON.stringify(role)}`, async () => {
        const result = await sandbox().gh(["pr", "view"], {
          path: sandbox().folders("bin", "tools"),
          env: { MOLECULE_AGENT_ROLE: role, MOLECULE_GH_AUDIT_LOG: sandbox().path("none.jsonl") },
        });
        expect(result).to.deep.equal({
          code: 127,
          signal: null,
          stdout: "",
          stderr:
            "gh (identity wrapper): no GitHub CLI on PATH besides this wrapper; install gh in the image of the workspace\n",
        });
      });
    }

    it("logs the call that found none", async () => {
      expect(await sandbox().auditLines("none.jsonl")).to.have.lengthOf(1);
    });
  });

  describe("exit codes and signals", () => {
    for (const code of [0, 1, 2, 4, 126, 127, 130, 143, 255]) {
      it(`ends with gh's exit code ${code}`, async () => {
        const result = await sandbox().gh(["pr", "view"], { env: { RECORDER_EXIT: String(code) } });
        expect(result).to.deep.equal({ code, signal: null, stdout: "", stderr: "" });
      });
    }

    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1"] as const) {
      it(`hands ${signal} to gh and dies of it as gh does`, async () => {
        await mkdir(sandbox().path("slow"), { recursive: true });
        await sandbox().script("slow/gh", "#!/bin/sh\necho ready\nexec /bin/sleep 60\n");
        const child = sandbox().start(sandbox().path("bin/gh"), ["run", "watch"], {
          path: sandbox().folders("bin", "slow", "tools"),
          env: { MOLECULE_GH_AUDIT_LOG: sandbox().path(`${signal}.jsonl`) },
        });
        child.stdout.once("data", () => child.kill(signal));
        const result = await finished(child);
        const died = signal === "SIGQUIT" ? { code: 131, signal: null } : { code: null, signal };
        expect(result).to.deep.equal({ ...died, stdout: "ready\n", stderr: "" });
        const [line] = await sandbox().auditLines(`${signal}.jsonl`);
        expect(line?.exit_code).to.equal(128 + constants.signals[signal]);
      });
    }

    for (const [moment, command] of [
      ["gh has started and is not known yet", "child=$!"],
      ["the wait for gh begins", "got=''"],
    ] as const) {
      it(`hands on a signal that comes when ${moment}`, async () => {
        const started = sandbox().path(`started-${command.slice(0, 3)}`);
        await mkdir(sandbox().path("sleepy"), { recursive: true });
        await sandbox().script("sleepy/gh", `#!/bin/sh\n: >"${started}"\nexec /bin/sleep 60\n`);
        // Bash reads this first, and calls it before each of the wrapper's commands.
        const at = `"${command.replace("$", "\\$")}"`;
        await sandbox().script(
          "early-signal",
          `send() {
  if [ "$BASH_COMMAND" = ${at} ]; then
    trap - DEBUG
    until [ -e "${started}" ]; do :; done
    kill -s TERM "$$"
  fi
}
set -o functrace
trap send DEBUG\n`,
        );
        const result = await sandbox().gh(["run", "watch"], {
          path: sandbox().folders("bin", "sleepy", "tools"),
          env: { BASH_ENV: sandbox().path("early-signal") },
        });
        expect(result).to.deep.equal({ code: null, signal: "SIGTERM", stdout: "", stderr: "" });
      });
    }

    it("takes gh at its word when it answers a signal with 127", async () => {
      await mkdir(sandbox().path("odd"));
      await sandbox().script(
        "odd/gh",
        "#!/bin/sh\ntrap 'exit 127' TERM\necho ready\nwhile :; do /bin/sleep 0.05; done\n",
      );
      const child = sandbox().start(sandbox().path("bin/gh"), ["run", "watch"], {
        path: sandbox().folders("bin", "odd", "tools"),
      });
      child.stdout.once("data", () => child.kill("SIGTERM"));
      expect(await finished(child)).to.deep.equal({ code: 127, signal: null, stdout: "ready\n", stderr: "" });
    });

    it("lets gh answer a signal with an exit code of its own, and removes the body's file after it", async () => {
      await mkdir(sandbox().path("careful"));
      await sandbox().script(
        "careful/gh",
        "#!/bin/sh\ntrap 'echo caught; exit 42' TERM\necho ready\nwhile :; do /bin/sleep 0.05; done\n",
      );
      const child = sandbox().start(sandbox().path("bin/gh"), ["pr", "comment", "-F", "-"], {
        stdin: "x",
        path: sandbox().folders("bin", "careful", "tools"),
      });
      child.stdout.once("data", () => child.kill("SIGTERM"));
      const result = await finished(child);
      expect(result).to.deep.equal({ code: 42, signal: null, stdout: "ready\ncaught\n", stderr: "" });
      expect(await sandbox().leftovers()).to.deep.equal([]);
    });
  });
});
