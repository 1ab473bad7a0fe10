import { defineErrors, formatFaults, type Fault } from "@molecule/core";

/** Errors of the configuration and of starting the host. */
export const configErrors = defineErrors({
  CONFIG_INVALID: (d: { faults: readonly Fault[] }) =>
    `the configuration has ${d.faults.length} fault${d.faults.length === 1 ? "" : "s"}:\n${formatFaults(d.faults)}`,
  PORT_TAKEN: (d: { host: string; port: number }) =>
    `${d.host}:${d.port} is taken by another program; stop it, or set PORT to another port (0 picks a free one)`,
  PORT_REFUSED: (d: { host: string; port: number; reason: string }) =>
    `can't listen on ${d.host}:${d.port}: ${d.reason}; set HOST and PORT to an address that this user may listen on`,
});
