import { definePlugin } from "@molecule/core";
import { controlPlaneTask } from "./task.js";

export default definePlugin({
  name: "control-plane-env",
  api: 1,
  stage: "env",
  setup(ctx) {
    ctx.bootTasks.add(controlPlaneTask);
  },
});
