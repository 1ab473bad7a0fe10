import { showValue, type Fault } from "../../coded-error.js";
import { errors } from "../../errors.js";
import { HookRegistry, HOST_OWNER, type ContributionOwner, type Disposer } from "../registry.js";
import { MAX_TIMER_MS, type BackgroundLoop } from "./types.js";

/** The background loops. */
export class BackgroundLoopRegistry extends HookRegistry<BackgroundLoop> {
  constructor() {
    super("background loop");
  }

  /** @throws LOOP_INVALID with every fault of the loop */
  override add(loop: BackgroundLoop, owner: ContributionOwner = HOST_OWNER): Disposer {
    const faults: Fault[] = [];
    const figure = (path: string, found: unknown, isAllowed: (value: number) => boolean, allowed: string) => {
      if (typeof found !== "number" || !isAllowed(found))
        faults.push({ path, found: showValue(found), allowed });
    };
    const isDelay = (value: number) => value > 0 && value <= MAX_TIMER_MS;
    figure("intervalMs", loop.intervalMs, isDelay, `more than 0 and at most ${MAX_TIMER_MS} ms`);
    figure("timeoutMs", loop.timeoutMs, isDelay, `more than 0 and at most ${MAX_TIMER_MS} ms`);
    const kind = (path: keyof BackgroundLoop, allowed: readonly string[]) => {
      const found: unknown = Reflect.get(loop, path);
      if (!allowed.includes(typeof found))
        faults.push({ path, found: showValue(found), allowed: `a ${allowed[0]}` });
    };
    kind("tick", ["function"]);
    kind("runAtStart", ["boolean", "undefined"]);
    kind("singleton", ["boolean", "undefined"]);
    figure("jitter", loop.jitter ?? 0, (value) => value >= 0 && value <= 1, "0 to 1");
    if (faults.length > 0)
      throw errors.LOOP_INVALID({ plugin: owner.plugin, loop: showValue(loop.name), faults });
    return super.add(loop, owner);
  }
}
