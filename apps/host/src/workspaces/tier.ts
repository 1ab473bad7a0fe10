import type { Tier } from "@molecule/core";

const DEFAULT_TIER: Tier = 3;

/** The tier that a number stands for; the default one for 0 and for none. */
export function asTier(tier: number | null): Tier {
  return tier === 1 || tier === 2 || tier === 3 || tier === 4 ? tier : DEFAULT_TIER;
}
