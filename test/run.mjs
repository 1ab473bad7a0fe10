// `npm test`: everything that has to hold, in order; ends at the first group with a fault.
//   npm test               all of it
//   npm test -- core/test  build, then the tests of a folder or file
//   npm test -- "orphan"   build, then the tests whose title matches
import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { delimiter, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const env = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
  // Stacks and coverage in terms of the sources.
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --enable-source-maps`.trim(),
};

const steps = {
  format: { command: ["prettier", "--check", "--log-level", "warn", "."], hint: "npm run format" },
  types: { command: ["tsc", "-b"] },
  page: { command: ["npm", "run", "--silent", "build", "-w", "@molecule/canvas"] },
  lint: { command: ["eslint", ".", "--max-warnings", "0"], hint: "npm run lint -- --fix" },
  dependencies: {
    command: ["depcruise", "--config", ".dependency-cruiser.cjs", "core", "plugins", "apps", "test"],
  },
  unused: { command: ["knip", "--no-progress"] },
  api: {
    command: ["api-extractor", "run", "--config", "core/api-extractor.json"],
    hint: "if the public API was meant to change: npm run api-report, and commit core/etc/core.api.md",
  },
  coverage: { command: ["c8", "report"], shown: true },
};

/** Where c8 looks for what the tests' processes have covered. */
const COVERAGE = join(root, "coverage", "tmp");

/** How much of a failed lane's output is shown again below all the others, in characters. */
const MAX_REPEATED_CHARS = 20_000;

/**
 * In how many processes side by side the tests run, so that none takes much longer than the rest: more than there may be
 * cores, as tests wait more than they work, and most so those of whole hosts, engines and browsers.
 */
const PROCESSES = { units: 2, e2e: 1, faults: 2 };

/** Where the tests' sources lie, and where tsc puts them. */
function testFolders() {
  const folders = [{ sources: "test", compiled: join("test", "dist") }];
  for (const parent of ["", "plugins", "apps"]) {
    const names = parent === "" ? ["core"] : readdirSync(join(root, parent));
    for (const name of names) {
      folders.push({ sources: join(parent, name, "test"), compiled: join(parent, name, "dist-test") });
    }
  }
  return folders.filter(({ sources }) => existsSync(join(root, sources)));
}

/** The compiled form of every test source; what was compiled from a source that is gone is not run. */
function testFiles() {
  return testFolders().flatMap(({ sources, compiled }) =>
    readdirSync(join(root, sources), { recursive: true })
      .filter((name) => /\.test\.tsx?$/.test(name) && !name.split(sep).includes("dist"))
      .sort()
      .map((name) => ({
        source: join(sources, name),
        compiled: join(compiled, name.replace(/\.tsx?$/, ".js")),
      })),
  );
}

/**
 * Runs a program and keeps its output.
 * @param options.shown whether the output is shown as it comes
 * @param options.env further variables
 */
function run([command, ...args], options = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const [stream, shownOn] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.on("data", (chunk) => {
        output += chunk;
        if (options.shown) shownOn.write(chunk);
      });
    }
    child.on("error", (error) => done({ ok: false, output: error.message }));
    child.on("close", (code) => done({ ok: code === 0, output }));
  });
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

async function check(name) {
  const { command, hint, shown } = steps[name];
  const since = performance.now();
  const { ok, output } = await run(command);
  console.log(`── ${name} ── ${ok ? "ok" : "FAILED"} (${seconds(since)})`);
  if (!ok || shown) console.log(output.trimEnd().replaceAll(root, ""));
  if (!ok && hint !== undefined) console.log(`→ ${hint}`);
  return ok;
}

/** Checks one after another; all of them, so that one run shows every fault of the group. */
async function inOrder(...names) {
  let ok = true;
  for (const name of names) ok = (await check(name)) && ok;
  return ok;
}

/** Lanes side by side: two, as there are at least two cores. */
async function sideBySide(...lanes) {
  return (await Promise.all(lanes)).every((ok) => ok);
}

/** One mocha process; `shown` as it goes, else at its end. */
async function lane(name, files, options, { shown, env }) {
  const since = performance.now();
  const colors = process.stdout.isTTY ? ["--color"] : [];
  const command = ["mocha", ...colors, ...options, ...files.map((file) => file.compiled)];
  const { ok, output } = await run(command, { shown, env });
  if (!shown) console.log(output.trimEnd());
  console.log(`── ${name} ── ${ok ? "ok" : "FAILED"} (${seconds(since)})`);
  return { name, ok, output };
}

/** What a lane said at its end of its failed tests; all of it where it did not come so far. */
function faultsOf(output) {
  const text = stripVTControlCharacters(output);
  const epilogue = /^ +\d+ passing[^]*/m.exec(text)?.[0] ?? text;
  return epilogue.slice(-MAX_REPEATED_CHARS).trimEnd();
}

/** Deals files out to lanes in turn: neighbours, which are alike, take about the same time. */
function dealt(name, files, processes) {
  return Array.from({ length: processes }, (_, lane) => [
    processes === 1 ? name : `${name} ${lane + 1}`,
    files.filter((_, index) => index % processes === lane),
  ]);
}

function laneOf(source) {
  return ["e2e", "faults"].find((name) => source.startsWith(join("test", name, sep))) ?? "units";
}

/** All tests in a few processes side by side, and what they cover. */
async function allTests() {
  rmSync(COVERAGE, { recursive: true, force: true });
  const env = { NODE_V8_COVERAGE: COVERAGE };
  const files = testFiles();
  const lots = Object.entries(PROCESSES).flatMap(([name, processes]) => {
    const own = files.filter(({ source }) => laneOf(source) === name);
    return dealt(name, own, processes);
  });
  console.log(`── tests ── in ${lots.length} processes; what all but the first say follows when they end`);
  const lanes = await Promise.all(
    lots.map(([name, files], index) =>
      lane(`tests: ${name}`, files, ["--forbid-only"], { shown: index === 0, env }),
    ),
  );
  const counts = lanes.map(({ output }) => /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(output));
  const [passed, failed, skipped] = [1, 2, 3].map((at) =>
    counts.reduce((sum, count) => sum + Number(count?.[at] ?? 0), 0),
  );
  // Thousands of lines lie between a failure and the end, and some who run this keep the last ones only.
  for (const { name, output } of lanes.filter(({ ok }) => !ok)) {
    console.log(`── ${name} ── once more, what failed\n${faultsOf(output)}`);
  }
  console.log(`── tests ── ${passed} passed, ${failed} failed, ${skipped} skipped`);
  return lanes.every(({ ok }) => ok) && (await check("coverage"));
}

async function everything() {
  return (
    (await sideBySide(check("types"), inOrder("page", "format"))) &&
    (await sideBySide(check("lint"), inOrder("dependencies", "unused", "api"))) &&
    (await allTests())
  );
}

/** Only the tests that the arguments name: by path, else by title. */
async function chosen(args) {
  if (!(await inOrder("types", "page"))) return false;
  const isPath = (arg) => existsSync(resolve(root, arg));
  const paths = args.filter(isPath).map((arg) => relative(root, resolve(root, arg)));
  const titles = args.filter((arg) => !isPath(arg));
  const lies = (source) => paths.some((path) => source === path || source.startsWith(join(path, sep)));
  const files = testFiles().filter(({ source }) => paths.length === 0 || lies(source));
  if (files.length === 0) {
    console.log(`no test lies in ${paths.join(", ")}`);
    return false;
  }
  const grep = titles.length === 0 ? [] : ["--grep", titles.join(" ")];
  const { ok } = await lane("tests", files, ["--fail-zero", ...grep], { shown: true });
  return ok;
}

const since = performance.now();
const args = process.argv.slice(2).filter((arg) => arg !== "--");
const ok = args.length === 0 ? await everything() : await chosen(args);
console.log(`── ${ok ? "all green" : "red"} ── ${seconds(since)}`);
process.exitCode = ok ? 0 : 1;
