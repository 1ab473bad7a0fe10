import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./components/App.js";
import { browserSession } from "./browser-session.js";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/panel.css";
import "./styles/dialog.css";
import "./styles/system.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");

const session = browserSession();
session.start();
// A page that the browser keeps for "back" must not hold its connection; it comes back with a new one.
window.addEventListener("pagehide", () => {
  session.stop();
});
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) window.location.reload();
});
window.addEventListener("online", () => {
  session.retryNow();
});

createRoot(root).render(
  <StrictMode>
    <App session={session} />
  </StrictMode>,
);
