import { CLOCK, definePlugin, ENGINE_INVENTORY, PROVISION_DEADLINES } from "@molecule/core";
import { LOOP, ProvisionTimeoutSweep } from "./sweep.js";

export default definePlugin({
  name: "provision-timeout",
  api: 1,
  setup(ctx) {
    const sweep = new ProvisionTimeoutSweep({
      deadlines: ctx.resolve(PROVISION_DEADLINES),
      inventory: ctx.resolve(ENGINE_INVENTORY),
      clock: ctx.resolve(CLOCK),
    });
    ctx.loops.add({
      name: LOOP,
      intervalMs: 30_000,
      timeoutMs: 30_000,
      singleton: true,
      tick: (tick) => sweep.pass(tick),
    });
  },
});
