import { isCodedError, messageOf, type Clock } from "@molecule/core";

/** What looking at one part of the installation gave. */
export interface Finding {
  /** `fail`: something does not work, or will not; `warn`: it works, but not as one may expect. */
  readonly status: "ok" | "warn" | "fail";
  readonly finding: string;
  /** What to do, or to know. */
  readonly hint?: string;
  /** Single faults, one line each. */
  readonly details?: readonly string[];
}

/** A finding with what was looked at. */
export interface CheckResult extends Finding {
  readonly name: string;
}

/** Ms that one check may take, unless it is given more. */
const CHECK_TIMEOUT_MS = 5_000;

/**
 * Runs one check within its time: then its signal aborts. Never throws; what the check throws is its finding.
 * @param clock bounds the check
 * @param timeoutMs 5 s unless told
 */
export async function runCheck(
  name: string,
  clock: Clock,
  work: (signal: AbortSignal) => Promise<Finding> | Finding,
  timeoutMs = CHECK_TIMEOUT_MS,
): Promise<CheckResult> {
  const controller = new AbortController();
  const running = (async () => work(controller.signal))();
  const finding = await new Promise<Finding>((resolve) => {
    const cancel = clock.timer(() => {
      const reason = `it has not finished within ${timeoutMs} ms`;
      controller.abort(new Error(reason));
      resolve({ status: "fail", finding: reason });
    }, timeoutMs);
    const end = (ended: Finding) => {
      cancel();
      resolve(ended);
    };
    running.then(end, (error: unknown) => {
      end(findingOf(error));
    });
  });
  return { name, ...finding };
}

/** A thrown error as a finding. A coded error's text says what to do. */
export function findingOf(error: unknown, status: "warn" | "fail" = "fail"): Finding {
  return { status, ...linesOf(messageOf(error), isCodedError(error) ? error.code : undefined) };
}

/** An error's text as a finding: its first line with the code, and its faults, which follow that one a line. */
export function linesOf(message: string, code?: string): Pick<Finding, "finding" | "details"> {
  const [first = "", ...rest] = message.split("\n");
  const finding = first.replace(/:$/, "");
  const details = rest.map((line) => line.replace(/^\s*-?\s*/, ""));
  return {
    finding: code === undefined ? finding : `${finding} [${code}]`,
    ...(details.length === 0 ? {} : { details }),
  };
}
