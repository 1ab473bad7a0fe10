import { CLOCK, CONTAINER_RUNTIME, definePlugin, ENGINE_INVENTORY, WORKSPACE_HEALTH } from "@molecule/core";
import { HealthSweep, LOOP } from "./sweep.js";

export default definePlugin({
  name: "health-sweep",
  api: 1,
  setup(ctx) {
    const sweep = new HealthSweep({
      health: ctx.resolve(WORKSPACE_HEALTH),
      inventory: ctx.resolve(ENGINE_INVENTORY),
      runtime: ctx.resolve(CONTAINER_RUNTIME),
      clock: ctx.resolve(CLOCK),
    });
    ctx.loops.add({
      name: LOOP,
      intervalMs: 15_000,
      jitter: 0.1,
      timeoutMs: 30_000,
      singleton: true,
      tick: (tick) => sweep.pass(tick),
    });
  },
});
