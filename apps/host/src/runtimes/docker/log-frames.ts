/** Bytes of a frame's head: stream type, three zeroes, length (Docker API, ContainerAttach "Stream format"). */
const HEAD_BYTES = 8;
const LENGTH_OFFSET = 4;

/** The text of a container's log, standard output and error in the order written. */
export function demultiplex(log: Buffer): string {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= log.length) {
    const start = at + HEAD_BYTES;
    at = start + log.readUInt32BE(at + LENGTH_OFFSET);
    parts.push(log.subarray(start, at));
  }
  return Buffer.concat(parts).toString("utf8");
}
