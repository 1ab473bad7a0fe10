import { definePlugin } from "@molecule/core";
import { dotenvTask } from "./task.js";

export default definePlugin({
  name: "dotenv",
  api: 1,
  stage: "env",
  setup(ctx) {
    ctx.bootTasks.add(dotenvTask(ctx.manifestDir));
  },
});
