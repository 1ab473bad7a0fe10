import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "@molecule/test/support/eventually.js";
import { startHost, type RunningHost } from "@molecule/test/support/host.js";
import { freePort } from "@molecule/test/support/ports.js";
import { expect } from "chai";
import type { Browser, Locator, Page } from "playwright-core";
import { startBrowser } from "../support/browser.js";
import { DEADLINE_MS, openPage, type OpenPage } from "../support/open-page.js";

const BUILT_PAGE = fileURLToPath(new URL("../../dist/index.html", import.meta.url));
const ADMIN_TOKEN = "an-admin-token-for-this-test-only";
/** Ms for one test, which waits for many things: each has a deadline of its own. */
const TEST_MS = 300_000;

async function assertBuilt(): Promise<void> {
  await access(BUILT_PAGE).catch(() => {
    throw new Error("the canvas is not built: run `npm run build` first");
  });
}

function card(page: Page, name: string): Locator {
  return page.locator(".react-flow__node").filter({ hasText: name });
}

/** Creates a workspace by the API, as somebody else would. */
async function create(host: RunningHost, body: Readonly<Record<string, unknown>>): Promise<string> {
  const answer = await host.api("POST", "/workspaces", body);
  const id = /"id":"([^"]+)"/.exec(answer.text)?.[1];
  if (answer.status !== 201 || id === undefined) throw new Error(`create: ${answer.status} ${answer.text}`);
  return id;
}

describe("the canvas on a host in development", function () {
  this.timeout(TEST_MS);
  const started: (() => Promise<unknown>)[] = [];
  let host: RunningHost;
  let browser: Browser;
  let open: OpenPage;
  let page: Page;

  before(async function () {
    await assertBuilt();
    browser = await startBrowser(this);
    started.push(() => browser.close());
    host = await startHost({
      dev: true,
      env: { CONTAINER_RUNTIME: "process", PORT: String(await freePort()) },
    });
    started.push(() => host.stop());
  });

  after(async () => {
    await Promise.all(started.map((end) => end()));
  });

  beforeEach(async () => {
    open = await openPage(browser, host.url);
    page = open.page;
    await page.getByText("live", { exact: true }).waitFor();
  });

  afterEach(async () => {
    await open.close();
    expect(open.faults).to.deep.equal([]);
  });

  it("creates a workspace, shows it come online with what it was started with, and deletes it", async () => {
    await page.getByText("No workspaces yet").waitFor();
    expect(await page.locator(".empty pre").innerText()).to.contain(`${host.url}/workspaces`);

    await page.getByRole("button", { name: "Create a workspace" }).click();
    await page.getByLabel("Name").fill("Hello");
    await page.getByLabel("Role").fill("pmm-lead");
    await page.getByRole("button", { name: "Create workspace" }).click();
    await card(page, "Hello").getByText("online", { exact: true }).waitFor();
    expect(await card(page, "Hello").innerText())
      .to.contain("pmm-lead")
      .and.contain("demo");

    const panel = page.getByRole("complementary", { name: "Details of the workspace" });
    await panel.getByRole("heading", { name: "Hello" }).waitFor();
    await panel.getByRole("tab", { name: "Environment" }).click();
    await panel.getByLabel("Filter the variables by name or writer").fill("AGENT_ROLE");
    const role = panel.getByRole("listitem").filter({ hasText: "MOLECULE_AGENT_ROLE" });
    await role.getByText("Pmm-Lead", { exact: true }).waitFor();
    expect(await role.innerText()).to.match(/gh-identity@\d/);
    await role.getByText("1 other write").click();
    await role.getByText("replaced by a later write").waitFor();
    expect(await role.innerText()).to.contain("pmm-lead");

    await panel.getByRole("tab", { name: "Console" }).click();
    await panel.getByLabel("Output of the workspace").getByText("registered with").waitFor();
    await panel.getByRole("tab", { name: "Events" }).click();
    await panel.getByText("WORKSPACE_ONLINE").waitFor();

    await panel.getByRole("button", { name: "Delete the workspace" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete workspace" }).click();
    await page.getByText("No workspaces yet").waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await panel.waitFor({ state: "detached" });
    expect((await host.api("GET", "/workspaces")).body).to.deep.equal([]);
  });

  it("tells what the platform does not accept, and gives the focus back when the dialog is left", async () => {
    await page.getByRole("button", { name: "New workspace" }).click();
    const dialog = page.getByRole("dialog", { name: "New workspace" });
    await page.keyboard.type("Bad {name}");
    await page.keyboard.press("Enter");
    await dialog.getByRole("alert").getByText("name must not contain any of").waitFor();
    await dialog.getByLabel("Name").fill("Good");
    await dialog.getByLabel("Runtime").fill("no-such-runtime");
    await page.keyboard.press("Enter");
    await dialog.getByRole("alert").getByText("no-such-runtime").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.locator("button:focus", { hasText: "New workspace" }).waitFor();
  });

  it("shows what others create and why it failed, and asks by name before it deletes a tree", async () => {
    const parent = await create(host, { name: "Parent", runtime: "claude-code" });
    await create(host, { name: "Child", runtime: "external", parent_id: parent });
    await card(page, "Parent").getByText("failed", { exact: true }).waitFor();
    await card(page, "Child").getByText("awaiting agent").waitFor();
    await page.locator(".react-flow__edge").waitFor({ state: "attached" });

    await card(page, "Parent").focus();
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary");
    await panel.getByText("Last error").waitFor();
    expect(await panel.getByRole("alert").innerText()).to.contain("claude-code");
    await panel.locator("h2:focus", { hasText: "Parent" }).waitFor();

    await panel.getByRole("button", { name: "Delete the workspace" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete Parent?" });
    await dialog.getByRole("button", { name: "Delete workspace" }).click();
    await dialog.getByRole("alert").getByText("Child").waitFor();
    expect(await card(page, "Parent").count()).to.equal(1);
    await dialog.getByRole("button", { name: "Delete it and all below it" }).click();
    await page.getByText("No workspaces yet").waitFor();
  });

  it("says how the agent of an external workspace is connected", async () => {
    await page.getByRole("button", { name: "New workspace" }).click();
    await page.keyboard.type("Remote");
    await page.getByLabel("Runtime").fill("external");
    await page.getByRole("button", { name: "Create workspace" }).click();
    const dialog = page.getByRole("dialog", { name: "Connect your agent" });
    const command = dialog.getByLabel("Command", { exact: true });
    expect(await command.innerText()).to.match(/^curl .*\/registry\/register .*Bearer /);
    const [outer, inner] = [await dialog.boundingBox(), await command.boundingBox()];
    if (outer === null || inner === null) throw new Error("the command is not to be seen");
    expect(inner.x + inner.width).to.be.lessThan(outer.x + outer.width);
    await dialog.getByRole("button", { name: "Done" }).click();
    await card(page, "Remote").getByText("awaiting agent").waitFor();
    await page.getByRole("button", { name: "Delete the workspace" }).click();
    await page.getByRole("button", { name: "Delete workspace" }).click();
    await page.getByText("No workspaces yet").waitFor();
  });

  it("moves between the tabs of the details by arrow keys", async () => {
    const id = await create(host, { name: "Keys", runtime: "external" });
    await card(page, "Keys").click();
    await page.getByRole("tab", { name: "Overview" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.locator("[role=tab][aria-selected=true]:focus", { hasText: "Environment" }).waitFor();
    await page.getByText("No environment was made for this workspace yet.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
    await host.api("DELETE", `/workspaces/${id}`);
  });

  it("pauses, resumes and restarts a workspace, and gives it a secret whose value is never shown", async () => {
    const id = await create(host, { name: "Steered", runtime: "demo", tier: 2 });
    await card(page, "Steered").getByText("online", { exact: true }).waitFor();
    await card(page, "Steered").click();
    const panel = page.getByRole("complementary");
    await panel.getByRole("button", { name: "Pause" }).click();
    await card(page, "Steered").getByText("paused", { exact: true }).waitFor();
    await panel.getByRole("button", { name: "Resume" }).click();
    await card(page, "Steered").getByText("online", { exact: true }).waitFor();
    await panel.getByRole("button", { name: "Restart" }).click();
    await panel.getByRole("tab", { name: "Events" }).click();
    await eventually(async () => (await panel.getByText("WORKSPACE_ONLINE").count()) === 3, {
      timeoutMs: DEADLINE_MS,
    });
    await panel.getByRole("tab", { name: "Secrets" }).click();
    await panel.getByText("It has no secrets.").waitFor();
    await panel.getByLabel("Name of the secret").fill("API_KEY");
    await panel.getByLabel("Value").fill("planted-value-0123456789");
    await panel.getByRole("button", { name: "Save secret" }).click();
    await panel.getByRole("list", { name: "Secrets" }).getByText("API_KEY").waitFor();
    expect(await page.content()).to.not.contain("planted-value");
    await panel.getByRole("button", { name: "Delete the secret API_KEY" }).click();
    await panel.getByText("It has no secrets.").waitFor();
    await host.api("DELETE", `/workspaces/${id}`);
    await page.getByText("No workspaces yet").waitFor();
  });

  it("keeps a card where it was dragged, also for others, and shows what they change", async () => {
    const id = await create(host, { name: "Dragged", runtime: "external" });
    // Waits until it rests: the canvas moves once more when the first card is fitted into it.
    await card(page, "Dragged").hover({ position: { x: 40, y: 20 } });
    const box = await card(page, "Dragged").boundingBox();
    if (box === null) throw new Error("the card is not to be seen");
    const saved = page.waitForResponse((response) => response.request().method() === "PATCH");
    await page.mouse.down();
    await page.mouse.move(box.x + 140, box.y + 80, { steps: 5 });
    await page.mouse.up();
    expect((await saved).status()).to.equal(200);
    const { body } = await host.api("GET", `/workspaces/${id}`);
    expect(body).to.have.property("x").that.is.greaterThan(0);
    await host.api("PATCH", `/workspaces/${id}`, { name: "Renamed" });
    await card(page, "Renamed").waitFor();
    await host.api("DELETE", `/workspaces/${id}`);
    await page.getByText("No workspaces yet").waitFor();
  });

  it("keeps where the canvas was left", async () => {
    const id = await create(host, { name: "Placed", runtime: "external" });
    await card(page, "Placed").waitFor();
    const saved = page.waitForResponse((response) => response.request().method() === "PUT");
    await page.getByRole("button", { name: "Zoom Out" }).click();
    expect((await saved).status()).to.equal(200);
    const place = () => page.locator(".react-flow__viewport").getAttribute("style");
    const left = await place();
    await page.reload();
    await card(page, "Placed").waitFor();
    await eventually(async () => (await place()) === left);
    await host.api("DELETE", `/workspaces/${id}`);
  });

  it("shows the plugins, with what they add, and the background loops", async () => {
    await page.getByRole("button", { name: "Plugins" }).click();
    const row = page.getByRole("row").filter({ hasText: "@molecule/plugin-gh-identity" });
    await row.getByText("enabled").waitFor();
    expect(await row.innerText())
      .to.contain("env mutator gh-identity")
      .and.contain("listed in the manifest");
    await page.getByRole("region", { name: "Background loops" }).getByText("workspace-recovery").waitFor();
  });

  it("says so when the host goes, connects again when it is back, and shows what changed", async () => {
    const id = await create(host, { name: "Gone meanwhile", runtime: "external" });
    await card(page, "Gone meanwhile").waitFor();
    expect(await host.stop()).to.equal(0);
    await page.getByText("reconnecting").waitFor();
    expect(await card(page, "Gone meanwhile").count()).to.equal(1);

    const { dataDir, port } = host;
    host = await startHost({ dev: true, dataDir, env: { CONTAINER_RUNTIME: "none", PORT: String(port) } });
    await host.api("DELETE", `/workspaces/${id}`);
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByText("No workspaces yet").waitFor();
  });
});

describe("the canvas on a host with an admin token", function () {
  this.timeout(TEST_MS);
  it("asks for the token, refuses a wrong one, and is live with the right one until the tab is closed", async function () {
    await assertBuilt();
    const browser = await startBrowser(this);
    const host = await startHost({ env: { CONTAINER_RUNTIME: "none", ADMIN_TOKEN } });
    const { page, faults, close } = await openPage(browser, host.url);
    const dialog = page.getByRole("dialog", { name: "Admin token" });
    await dialog.getByLabel("Token").fill("a wrong one");
    await page.keyboard.press("Enter");
    await dialog.getByText("did not accept that token").waitFor();
    await dialog.getByLabel("Token").fill(ADMIN_TOKEN);
    await page.keyboard.press("Enter");
    await page.getByText("live", { exact: true }).waitFor();
    await page.reload();
    await page.getByText("live", { exact: true }).waitFor();
    expect(faults).to.deep.equal([]);
    expect(host.lines.some((line) => line.text.includes(ADMIN_TOKEN))).to.be.false;
    await close();
    await browser.close();
    await host.stop();
  });
});
