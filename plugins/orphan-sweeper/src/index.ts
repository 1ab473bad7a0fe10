import { definePlugin, ENGINE_INVENTORY, ORPHAN_EXAMINERS, OWNER_RECORDS } from "@molecule/core";
import { toReport } from "./examination.js";
import { LOOP, OrphanSweeper } from "./sweeper.js";

export default definePlugin({
  name: "orphan-sweeper",
  api: 1,
  setup(ctx) {
    const sweeper = new OrphanSweeper({
      inventory: ctx.resolve(ENGINE_INVENTORY),
      records: ctx.resolve(OWNER_RECORDS),
    });
    ctx.loops.add({
      name: LOOP,
      intervalMs: 60_000,
      runAtStart: true,
      timeoutMs: 30_000,
      singleton: true,
      tick: (tick) => sweeper.pass(tick),
    });
    const withdraw = ctx
      .resolve(ORPHAN_EXAMINERS)
      .provide(async (call) => toReport(await sweeper.examine(call)));
    ctx.onDispose(withdraw);
  },
});
