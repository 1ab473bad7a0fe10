import type { InjectionToken } from "tsyringe";
import type { LeaseProvider } from "../hooks/background-loops/lease.js";

/** Resolves to what hands out the leases of singleton loops. */
export const LOOP_LEASES: InjectionToken<LeaseProvider> = Symbol.for("@molecule/port/loop-leases");
