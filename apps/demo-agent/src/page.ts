/** What the page shows. */
export interface PageFacts {
  readonly workspaceId: string;
  /** The agent's name. */
  readonly name: string;
  readonly uptimeSeconds: number;
  /** Names of the environment's variables, in order; the values stay out of every page. */
  readonly envNames: readonly string[];
}

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  h1 { margin-bottom: 0; }
  .alive { color: #16803c; font-weight: 600; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
  dt { opacity: .7; }
  dd { margin: 0; }
  code, li { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
  ul { columns: 18rem; padding-left: 1.2rem; }
`;

/** The agent's page: one HTML document without scripts and without anything to load. */
export function renderPage({ workspaceId, name, uptimeSeconds, envNames }: PageFacts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(name)}</h1>
<p class="alive">alive</p>
<dl>
<dt>Workspace</dt><dd><code>${escapeHtml(workspaceId)}</code></dd>
<dt>Uptime</dt><dd>${showDuration(uptimeSeconds)}</dd>
</dl>
<h2>Environment (${envNames.length} variables, names only)</h2>
<ul>
${envNames.map((envName) => `<li>${escapeHtml(envName)}</li>`).join("\n")}
</ul>
</body>
</html>
`;
}

/** Seconds as people read them: `1 d 2 h`, `3 min 4 s`; the two largest units. */
export function showDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    { count: Math.floor(whole / 86_400), unit: "d" },
    { count: Math.floor(whole / 3600) % 24, unit: "h" },
    { count: Math.floor(whole / 60) % 60, unit: "min" },
    { count: whole % 60, unit: "s" },
  ];
  const first = parts.findIndex(({ count }) => count > 0);
  const shown = first === -1 ? parts.slice(-1) : parts.slice(first, first + 2);
  return shown.map(({ count, unit }) => `${count} ${unit}`).join(" ");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
