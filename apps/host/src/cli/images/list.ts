import { compileSchema, Type, type Static } from "@molecule/core";
import { cliErrors } from "../../errors/commands.js";
import { ApiClient } from "../api-client.js";
import type { CliContext } from "../program.js";

const nullableText = Type.Union([Type.String(), Type.Null()]);
const ImageSchema = Type.Object({
  runtime: Type.String(),
  image: Type.String(),
  source: Type.String(),
  digest: nullableText,
  pending_digest: nullableText,
  last_check: Type.Union([Type.Object({ outcome: Type.String(), error: nullableText }), Type.Null()]),
  running: Type.Array(Type.Object({ digest: nullableText, workspaces: Type.Integer() })),
  quarantine: Type.Array(Type.Object({ digest: Type.String(), reason: Type.String() })),
});
const ImagesSchema = Type.Object({ images: Type.Array(ImageSchema) });
const checkImages = compileSchema(ImagesSchema);

/**
 * `molecule images list`: what the host knows of each template's image.
 * @throws HOST_NOT_REACHABLE, HOST_REFUSED, HOST_ANSWER_INVALID
 */
export async function listImages(
  context: CliContext,
  options: { readonly json?: boolean; readonly url?: string },
): Promise<void> {
  const client = await ApiClient.create(context, options.url);
  const call = "/admin/workspace-images";
  const answer = await client.call("GET", call);
  if (options.json === true) {
    context.output.write(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  const checked = checkImages(answer);
  if (!checked.ok) throw cliErrors.HOST_ANSWER_INVALID({ call: `GET ${call}`, faults: checked.faults });
  for (const image of checked.value.images) context.output.write(describe(image));
}

function describe(image: Static<typeof ImageSchema>): string {
  const { runtime, digest, pending_digest, last_check, running, quarantine } = image;
  const lines = [`${runtime}  ${image.image} (${image.source})`];
  if (digest !== null) lines.push(`  known      ${digest}`);
  if (pending_digest !== null) lines.push(`  on its way ${pending_digest}`);
  for (const each of running) {
    lines.push(`  running    ${each.digest ?? "an image of no registry"} in ${each.workspaces}`);
  }
  for (const each of quarantine) lines.push(`  refused    ${each.digest}: ${each.reason}`);
  if (last_check !== null) lines.push(`  last check ${last_check.error ?? last_check.outcome}`);
  return `${lines.join("\n")}\n`;
}
