import ipaddr from "ipaddr.js";

/**
 * Addresses and networks, separated by commas, each in CIDR form.
 * @returns undefined when one of them is neither
 */
export function parseNetworks(text: string): string[] | undefined {
  const networks: string[] = [];
  for (const word of text.split(",").map((each) => each.trim())) {
    if (word === "") continue;
    const isAddress = ipaddr.isValid(word) && !/^\d+$/.test(word);
    if (isAddress && word.includes(":")) networks.push(`${word}/128`);
    else if (ipaddr.IPv4.isValidFourPartDecimal(word)) networks.push(`${word}/32`);
    else if (ipaddr.isValidCIDR(word)) networks.push(word);
    else return undefined;
  }
  return networks;
}
