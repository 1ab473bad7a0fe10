import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./commands.js";
import { useProgram } from "./programs.js";
import { tempDir } from "./temp.js";

/** A certificate that signs itself, for servers of the tests. */
export interface Certificate {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** The file of {@link Certificate.cert}. */
  readonly certFile: string;
}

/** Makes a certificate for a day. @param names - as in a subjectAltName: `DNS:localhost`, `IP:127.0.0.1` */
export async function makeCertificate(ctx: Mocha.Context, names: readonly string[]): Promise<Certificate> {
  const openssl = await useProgram(ctx, "openssl");
  const folder = await tempDir("mcert-");
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
  const subject = ["-subj", "/CN=molecule-test", "-addext", `subjectAltName=${names.join(",")}`];
  await run(openssl, ["req", "-x509", "-days", "1", ...key, ...subject, "-out", certFile]);
  return { key: await readFile(keyFile, "utf8"), cert: await readFile(certFile, "utf8"), certFile };
}
