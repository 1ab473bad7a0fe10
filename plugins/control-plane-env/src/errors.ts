import { defineErrors } from "@molecule/core";

/** Every coded error of this plugin. */
export const errors = defineErrors({
  CONTROL_PLANE_URL_INVALID: (d: { found: string }) =>
    `MOLECULE_CP_URL: found ${d.found}, allowed: an https URL, or an http one of this machine, without user, query and fragment`,
  CONTROL_PLANE_CREDENTIAL_INVALID: (d: { variable: string }) =>
    `${d.variable} can't be sent to the control plane: it holds blanks or characters outside of ASCII; set it again without them`,
  CONTROL_PLANE_UNREACHABLE: (d: { url: string; reason: string }) =>
    `the control plane at ${d.url} does not answer: ${d.reason}; the host starts with the environment it has`,
  CONTROL_PLANE_REFUSED: (d: { url: string; status: number; hint: string }) =>
    `the control plane at ${d.url} answered ${d.status}: ${d.hint}; the host starts with the environment it has`,
  CONTROL_PLANE_ANSWER_INVALID: (d: { url: string; reason: string }) =>
    `the answer of the control plane at ${d.url} can't be used: ${d.reason}; the host starts with the environment it has`,
});
