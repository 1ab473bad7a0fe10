import { definePlugin } from "@molecule/core";

export default definePlugin({
  name: "github-app-auth",
  api: 1,
  setup() {
    return;
  },
});
