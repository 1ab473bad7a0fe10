import { definePlugin } from "@molecule/core";

export default definePlugin({
  name: "control-plane-env",
  api: 1,
  setup() {
    return;
  },
});
