import ipaddr from "ipaddr.js";

/**
 * Addresses and networks, separated by commas, each in CIDR form.
 * @returns undefined when one of them is neither
 */
export function parseNetworks(text: string): string[] | undefined {
  const words = text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const networks = words.flatMap((word) => networkOf(word) ?? []);
  return networks.length === words.length ? networks : undefined;
}

/** Four decimal parts for IPv4: what `10.1` means differs from program to program. */
function networkOf(word: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(word)) return `${word}/32`;
  if (ipaddr.IPv6.isValid(word)) return `${word}/128`;
  return ipaddr.IPv4.isValidCIDRFourPartDecimal(word) || ipaddr.IPv6.isValidCIDR(word) ? word : undefined;
}
