import { findProgram } from "./commands.js";
import { findOrInstall } from "./debian.js";
import { skipFor } from "./skip.js";

/**
 * The full path of a program that a test calls; on a throw-away CI machine its package is installed. Without it the
 * test or suite is skipped, and with `CI=true` failed.
 *
 * @param debianPackage - the program's name unless told.
 */
export async function useProgram(ctx: Mocha.Context, name: string, debianPackage = name): Promise<string> {
  ctx.timeout(600_000);
  const program = await findOrInstall(() => findProgram(name), [debianPackage]);
  return (
    program ?? skipFor(ctx, `program ${name}`, `it is not installed; Debian's package is ${debianPackage}`)
  );
}
