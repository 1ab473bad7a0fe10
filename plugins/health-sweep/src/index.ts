import { definePlugin } from "@molecule/core";

export default definePlugin({
  name: "health-sweep",
  api: 1,
  setup() {
    return;
  },
});
