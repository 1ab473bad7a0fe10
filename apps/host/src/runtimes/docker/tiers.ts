import type { Tier } from "@molecule/core";

const MIB = 1024 * 1024;
/** `--cpu-shares` of one CPU, as Docker counts them. */
const SHARES_PER_CPU = 1024;
const NANO = 1_000_000_000;
/** CPUs: the engine refuses less. */
const SMALLEST_CPUS = 0.01;

/** What this installation says about tiers. */
export interface TierLimits {
  /** Tiers 3 and 4 are root on the engine's machine. */
  readonly allowPrivileged: boolean;
  /** Null where the default of the tier holds. */
  readonly sizes: Readonly<
    Record<Tier, { readonly memoryMb: number | null; readonly cpuShares: number | null }>
  >;
}

/** What a tier comes to. */
export interface TierPlan {
  /** The tier whose isolation applies; sizes are those of the tier asked for. */
  readonly isolation: Tier;
  readonly memoryBytes: number;
  readonly nanoCpus: number;
  readonly notices: readonly string[];
}

/** api.md §8 gives no sizes for tier 1: the tightest must not be larger than the next. */
const DEFAULTS: Readonly<Record<Tier, { memoryMb: number; cpus: number }>> = {
  1: { memoryMb: 512, cpus: 1 },
  2: { memoryMb: 512, cpus: 1 },
  3: { memoryMb: 2048, cpus: 2 },
  4: { memoryMb: 4096, cpus: 4 },
};

/** @param engineCpus of the engine's machine, which refuses to give more */
export function planTier(tier: Tier, limits: TierLimits, engineCpus: number): TierPlan {
  const defaults = DEFAULTS[tier];
  const { memoryMb, cpuShares } = limits.sizes[tier];
  const asked = cpuShares === null ? defaults.cpus : cpuShares / SHARES_PER_CPU;
  const cpus = Math.max(SMALLEST_CPUS, Math.min(asked, engineCpus));
  const refused = tier >= 3 && !limits.allowPrivileged;
  return {
    isolation: refused ? 2 : tier,
    memoryBytes: (memoryMb ?? defaults.memoryMb) * MIB,
    nanoCpus: Math.round(cpus * NANO),
    notices: refused
      ? [
          `tier ${tier} asks for a privileged container, which this installation does not allow: it runs with the isolation of tier 2 and the size of tier ${tier}; MOLECULE_ALLOW_PRIVILEGED=true allows it`,
        ]
      : [],
  };
}
