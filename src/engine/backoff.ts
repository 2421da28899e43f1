// How long to wait before trying an engine again: longer with each failure, and never in step with other servers.

const firstMs = 100;
const longestMs = 2_000;

/** Milliseconds before attempt `attempt` (0 is the first retry): 100 ms doubled up to 2 s, of which a random part up to half is taken off. */
export function chooseDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 10));
  return ceiling * (1 - random() / 2);
}
