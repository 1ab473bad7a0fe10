import { definePlugin } from "@molecule/core";

export default definePlugin({
  name: "dotenv",
  api: 1,
  setup() {
    return;
  },
});
