import type { Finding } from "./check.js";

/** The oldest Node.js that the platform runs on, as "engines" in package.json says. */
const OLDEST = { major: 20, minor: 19 };

/** @param version as in `process.versions.node` */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNewEnough = major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
  if (isNewEnough) return { status: "ok", finding: `version ${version}` };
  return {
    status: "fail",
    finding: `version ${version}, allowed: ${OLDEST.major}.${OLDEST.minor} or later`,
    hint: "install a current Node.js",
  };
}
