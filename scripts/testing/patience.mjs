// How patient a test run is: one number multiplies the deadlines of all waits in tests (test/support/wait-for.ts) and the limits of the runner.

const variable = 'TERRARIUM_TEST_PATIENCE';

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {number} 1 unless the environment says another
 * @throws {RangeError} the environment's value is no number above 0
 */
export function readPatience(env) {
  const given = env[variable];
  if (given === undefined || given === '') return 1;
  if (/^\d+(\.\d+)?$/.test(given) && Number(given) > 0) return Number(given);
  throw new RangeError(`${variable} is "${given}", and has to be a number above 0`);
}
