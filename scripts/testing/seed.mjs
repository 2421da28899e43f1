// The seed of a test run: every generated input and every random moment of the tests follows from it.
import { randomInt } from 'node:crypto';

const variable = 'TERRARIUM_TEST_SEED';
/** The seed of `npm test`: two runs of one tree try the same. */
const fixed = 1;
/** Tests add small numbers to the seed, and fast-check takes 32 bits with a sign. */
const bound = 2 ** 30;

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {{ isSweep: boolean }} run
 * @returns {number} the seed of the environment; else a fixed one for `npm test`, and a drawn one for a sweep
 * @throws {RangeError} the environment's seed is no whole number from 0 to 2^30 - 1
 */
export function chooseSeed(env, { isSweep }) {
  const given = env[variable];
  if (given === undefined || given === '') return isSweep ? randomInt(bound) : fixed;
  if (/^\d{1,10}$/.test(given) && Number(given) < bound) return Number(given);
  throw new RangeError(`${variable} is "${given}", and has to be a whole number from 0 to ${bound - 1}`);
}
