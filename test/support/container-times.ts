import { text } from "node:stream/consumers";
import type Docker from "dockerode";

/**
 * Ms within which the old container of a workspace must run again once the new one has failed: 10 s for a machine with
 * time (faults.md, row 18), more for one that has other tests to run; far below any gate or timeout of a host.
 */
export const BACK_WITHIN_MS = 40_000;

/** When something happened to the containers of a workspace, as the engine itself tells it. */
export class ContainerTimes {
  readonly #lines: readonly string[];

  /** @param since seconds since the epoch */
  static async read(docker: Docker, workspaceId: string, since: number): Promise<ContainerTimes> {
    const filters = { type: ["container"], label: [`molecule.workspace.id=${workspaceId}`] };
    const until = Math.ceil(Date.now() / 1000);
    const stream = await docker.getEvents({ since, until, filters: JSON.stringify(filters) });
    return new ContainerTimes((await text(stream)).split("\n"));
  }

  private constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  /** Ms since the epoch of the first such event of an attempt's container; NaN without one. */
  of(action: "start" | "kill" | "die", attempt: number): number {
    const line = this.#lines.find(
      (each) =>
        each.includes(`"Action":"${action}"`) && each.includes(`"molecule.workspace.attempt":"${attempt}"`),
    );
    return Number(/"timeNano":(\d+)/.exec(line ?? "")?.[1]) / 1e6;
  }
}
