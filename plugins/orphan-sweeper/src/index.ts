import { CLOCK, definePlugin, ENGINE_INVENTORY, ORPHAN_EXAMINERS, OWNER_RECORDS, Type } from "@molecule/core";
import { toReport } from "./examination.js";
import { LOOP, OrphanSweeper } from "./sweeper.js";

export default definePlugin({
  name: "orphan-sweeper",
  api: 1,
  config: Type.Object(
    {
      dryRun: Type.Optional(Type.Boolean({ description: "Tell what would be removed, and remove nothing" })),
    },
    { additionalProperties: false },
  ),
  setup(ctx) {
    const sweeper = new OrphanSweeper({
      inventory: ctx.resolve(ENGINE_INVENTORY),
      records: ctx.resolve(OWNER_RECORDS),
      clock: ctx.resolve(CLOCK),
    });
    ctx.loops.add({
      name: LOOP,
      intervalMs: 60_000,
      runAtStart: true,
      timeoutMs: 30_000,
      singleton: true,
      tick: (tick) => sweeper.pass({ ...tick, dryRun: tick.dryRun || ctx.config.dryRun === true }),
    });
    const withdraw = ctx
      .resolve(ORPHAN_EXAMINERS)
      .provide(async (call) => toReport(await sweeper.examine(call)));
    ctx.onDispose(withdraw);
  },
});
