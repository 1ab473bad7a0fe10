import { definePlugin } from "@molecule/core";
import { NEEDED } from "./endpoint.js";
import { controlPlaneTask } from "./task.js";

export default definePlugin({
  name: "control-plane-env",
  api: 1,
  variables: NEEDED,
  stage: "env",
  setup(ctx) {
    ctx.bootTasks.add(controlPlaneTask);
  },
});
