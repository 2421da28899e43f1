// Runs files that failed once more, alone: what only fails beside others is told apart from what is wrong. It hides nothing: both runs are printed by
// who runs them.

/** So many files may fail by accident, one in forty of a large run; more are no accident and are not run again. */
const accidents = { least: 3, oneIn: 40 };

/**
 * @template {{ file: string, tally: { failed: number } }} Result
 * @param {readonly Result[]} results of the first run
 * @param {(file: string) => Promise<Result>} run
 * @returns {Promise<Result[]>} the results, those of second runs in the place of the first
 */
export async function runFailedAgain(results, run) {
  const failed = results.filter(({ tally }) => tally.failed > 0);
  if (failed.length > Math.max(accidents.least, Math.floor(results.length / accidents.oneIn))) return [...results];
  const again = new Map();
  for (const { file } of failed) again.set(file, await run(file));
  return results.map((result) => again.get(result.file) ?? result);
}
