import { isCodedError, messageOf, type Fault } from "@molecule/core";

/** What is wrong with a manifest, a plugin or its package, as plain data: it can be sent and printed. */
export interface FoundFault {
  /** Name of the plugin that is concerned; undefined where it is the manifest or a package. */
  readonly plugin?: string | undefined;
  readonly code: string;
  readonly message: string;
  /** The single faults that the message tells, where there are several. */
  readonly faults: readonly Fault[];
}

/** A thrown error as a fault. */
export function toFoundFault(thrown: unknown, plugin?: string): FoundFault {
  if (!isCodedError(thrown)) return { plugin, code: "UNEXPECTED", message: messageOf(thrown), faults: [] };
  const list: unknown[] = Array.isArray(thrown.details.faults) ? thrown.details.faults : [];
  return { plugin, code: thrown.code, message: thrown.message, faults: list.filter(isFault) };
}

function isFault(value: unknown): value is Fault {
  return (
    typeof value === "object" && value !== null && "path" in value && "found" in value && "allowed" in value
  );
}
