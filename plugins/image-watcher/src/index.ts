import { definePlugin, WORKSPACE_IMAGES } from "@molecule/core";
import { WatcherConfigSchema } from "./config.js";
import { watchLoop } from "./watch-loop.js";

export default definePlugin({
  name: "image-watcher",
  api: 1,
  config: WatcherConfigSchema,
  setup(ctx) {
    ctx.loops.add(watchLoop(ctx.resolve(WORKSPACE_IMAGES), ctx.config));
  },
});
