import { definePlugin } from "@molecule/core";

export default definePlugin({
  name: "provision-timeout",
  api: 1,
  setup() {
    return;
  },
});
