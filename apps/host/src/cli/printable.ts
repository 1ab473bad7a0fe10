/**
 * A text of somebody else's on one line and without what would steer a terminal.
 * @param length characters to show of it
 */
export function printable(text: string, length = Infinity): string {
  const cut = text.length > length ? `${text.slice(0, length)}… (${text.length} characters)` : text;
  return cut.replace(/\p{Cc}/gu, escaped);
}

function escaped(char: string): string {
  const json = JSON.stringify(char).slice(1, -1);
  // JSON leaves DEL and the second set of control characters as they are.
  return json === char ? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}` : json;
}
