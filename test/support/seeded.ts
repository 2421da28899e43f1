// The seed of a test run, and random numbers that repeat with it. `npm test` fixes the seed, a sweep draws one, and both print it.

/** `TERRARIUM_TEST_SEED` repeats a run. A test file that starts without the runner uses the same seed as `npm test`. */
export const seed = Number(process.env.TERRARIUM_TEST_SEED ?? 1);

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
