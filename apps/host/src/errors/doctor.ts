import { defineErrors } from "@molecule/core";

/** Errors of `molecule doctor`. */
export const doctorErrors = defineErrors({
  DOCTOR_FOUND_FAULTS: (d: { failed: readonly string[] }) =>
    `this installation has ${d.failed.length} fault${d.failed.length === 1 ? "" : "s"}, told above: ${d.failed.join(", ")}; put them right and run molecule doctor again`,
});
