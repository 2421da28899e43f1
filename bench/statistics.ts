// The statistics of the benchmarks: medians, and confidence intervals by bootstrap. Pure; the resampling is seeded, so a report repeats.

/** The middle value; the mean of the two middle ones where the count is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value below which the share `q` (0 to 1) of the values lies, by nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

/** Slope of a line through values at equal distances, robust against single ones: the median of all pairs' slopes (Theil 1950, Sen 1968). */
export function slopeOf(values: readonly number[]): number {
  return median(values.flatMap((from, i) => values.slice(i + 1).map((to, j) => (to - from) / (j + 1))));
}

export interface Estimate {
  readonly median: number;
  /** Bounds of the 95 % confidence interval of the median. */
  readonly low: number;
  readonly high: number;
}

/** Median with its 95 % percentile-bootstrap interval (Efron 1979), 2,000 resamples. */
export function estimateMedian(values: readonly number[]): Estimate {
  const random = seededRandom(42);
  const medians = Array.from({ length: 2_000 }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  );
  return { median: median(values), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** mulberry32: small, seeded, good enough to resample with. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
