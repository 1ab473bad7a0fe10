import { systemClock } from "@molecule/core";
import type { Command } from "commander";
import { locateManifest } from "../../config/manifest-location.js";
import { maskerOf } from "../../config/secret-names.js";
import { doctorErrors } from "../../errors/doctor.js";
import type { CliContext } from "../program.js";
import { examine } from "./examine.js";
import { renderJson, renderText } from "./report.js";

/** Adds `molecule doctor`. */
export function registerDoctorCommand(program: Command, context: CliContext): void {
  program
    .command("doctor")
    .description("say what is wrong with this installation and what to do; starts and changes nothing")
    .option("--dev", "look at it as molecule start --dev would")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", "\nExit code 0 when nothing fails (✗), else 1. Warnings (!) fail nothing.")
    .action((options: { dev?: boolean; json?: boolean }) =>
      runDoctor(context, { dev: options.dev === true, json: options.json === true }),
    );
}

/** @throws DOCTOR_FOUND_FAULTS when a check fails, after all are told */
async function runDoctor(context: CliContext, options: { dev: boolean; json: boolean }): Promise<void> {
  const { env, cwd, output, clock = systemClock } = context;
  const { path, home } = await locateManifest(env, cwd);
  const { results, env: examined } = await examine({
    env,
    cwd,
    dev: options.dev,
    home,
    manifest: path,
    nodeVersion: process.versions.node,
    clock,
  });
  const text = options.json ? renderJson(results) : renderText(results);
  output.write(`${maskerOf(examined).mask(text)}\n`);
  const failed = results.filter(({ status }) => status === "fail").map(({ name }) => name);
  if (failed.length > 0) throw doctorErrors.DOCTOR_FOUND_FAULTS({ failed });
}
