import { definePlugin } from "@molecule/core";

export default definePlugin({
  name: "image-watcher",
  api: 1,
  setup() {
    return;
  },
});
