import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `npm run dev` finds a host for everything that is not the page. */
const host = process.env.CANVAS_HOST ?? "http://127.0.0.1:8080";
const paths = ["/workspaces", "/events", "/canvas", "/admin", "/ready"];

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // The page's CSP is `default-src 'self'`: nothing may be inlined as a script or fetched from elsewhere.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Without it all of the graph library is kept, since a call of `memo` could do anything: 12 KB.
    rolldownOptions: { treeshake: { manualPureFunctions: ["memo", "forwardRef", "createContext"] } },
  },
  server: {
    proxy: {
      ...Object.fromEntries(paths.map((path) => [path, host])),
      "/ws": { target: host, ws: true },
    },
  },
});
