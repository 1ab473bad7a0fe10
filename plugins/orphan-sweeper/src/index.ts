import { definePlugin } from "@molecule/core";

export default definePlugin({
  name: "orphan-sweeper",
  api: 1,
  setup() {
    return;
  },
});
