import { expect } from "chai";
import { renderPage, showDuration } from "../dist/page.js";

describe("renderPage", () => {
  it("shows the workspace, the uptime and the names", () => {
    const html = renderPage({
      workspaceId: "an-id",
      name: "Hello",
      uptimeSeconds: 75,
      envNames: ["HOME", "PATH"],
    });
    expect(html).to.contain("<h1>Hello</h1>");
    expect(html).to.contain("<code>an-id</code>");
    expect(html).to.contain("1 min 15 s");
    expect(html).to.contain("2 variables");
    expect(html).to.contain("<li>HOME</li>\n<li>PATH</li>");
  });

  it("escapes what could be read as HTML", () => {
    const evil = `<script>"&'`;
    const html = renderPage({ workspaceId: evil, name: evil, uptimeSeconds: 0, envNames: [evil] });
    expect(html).not.to.contain("<script>");
    expect(html.split("&lt;script&gt;&quot;&amp;&#39;")).to.have.length(5);
  });
});

describe("showDuration", () => {
  it("shows the two largest units", () => {
    const shown = [0, 59.9, 60, 3600, 3661, 86_399, 90_061].map(showDuration);
    expect(shown).to.deep.equal([
      "0 s",
      "59 s",
      "1 min 0 s",
      "1 h 0 min",
      "1 h 1 min",
      "23 h 59 min",
      "1 d 1 h",
    ]);
  });
});
