// Runs each file that failed beside others once more, alone. A file that passes then is flaky: its verdict depends on what runs beside it. Both runs
// stay in the result, so that the summary and the report show both.

/** More files that fail are no accident, and no file runs again: a second run of many files would only take time. */
export const mostAgain = 3;

/**
 * @typedef {import('./run-file.mjs').FileRun & { tally: import('./tally.mjs').Tally, lane?: string }} JudgedRun
 * @typedef {{ file: string, runs: JudgedRun[] }} FileResult the runs in their order, one or two
 */

/**
 * @param {readonly JudgedRun[]} firstRuns
 * @param {(file: string) => Promise<JudgedRun>} runAlone
 * @returns {Promise<FileResult[]>}
 */
export async function runFailedAgain(firstRuns, runAlone) {
  const results = firstRuns.map((run) => ({ file: run.file, runs: [run] }));
  const failed = results.filter(isFailed);
  if (failed.length > mostAgain) return results;
  for (const result of failed) result.runs.push(await runAlone(result.file));
  return results;
}

/** The last run decides. @param {FileResult} result @returns {JudgedRun} */
export function lastRun({ runs }) {
  return runs[runs.length - 1];
}

/** @param {FileResult} result */
export function isFailed(result) {
  return lastRun(result).tally.failed > 0;
}

/** A file is flaky if it failed first and passed alone. @param {FileResult} result */
export function isFlaky(result) {
  return result.runs.length > 1 && !isFailed(result);
}
