// Random numbers that repeat with their seed, so that a failure can be played again.

/** From `TERRARIUM_SWEEP_SEED`, or of this run. A failure names it. */
export const seed = Number(process.env.TERRARIUM_SWEEP_SEED ?? Date.now() % 1_000_000);

/** Numbers from 0 to 1 (mulberry32). */
export function seededRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
