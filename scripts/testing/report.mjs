// The summary at the end of a run, and `reports/tests.json`, which holds the same for programs. Both are made of values that the run gives: nothing is
// measured or judged here.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectPath } from '../setup/project.mjs';
import { isFailed, isFlaky, lastRun } from './second-run.mjs';

/**
 * @typedef {import('./second-run.mjs').FileResult} FileResult
 * @typedef {import('./tally.mjs').Tally} Tally
 * @typedef {{ startedAt: Date, durationMs: number, cores: number, busyShare: number, seed: number }} Conditions
 *   `busyShare` is the share of the time of all cores, from 0 to 1, in which they did not idle
 */

const slowestShown = 5;
/** The summary shows the beginning of an error, and the output file all of it. */
const errorLinesShown = 12;
const reportFile = projectPath('reports', 'tests.json');

/** The tests that failed in the first run of flaky files. @param {readonly FileResult[]} results */
export function countFlaky(results) {
  return results.filter(isFlaky).reduce((count, { runs: [first] }) => count + first.tally.failures.length, 0);
}

/** @param {readonly FileResult[]} results @param {Conditions} conditions @returns {string} the sections of the summary, each after an empty line */
export function formatSummary(results, { busyShare, seed }) {
  const slowest = results
    .map((result) => lastRun(result))
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, slowestShown);
  const sections = [
    [
      'Slowest files:',
      ...slowest.map(({ file, durationMs }) => `  ${formatSeconds(durationMs).padStart(8)}  ${file}`),
      ...describeQuietLane(results),
      `The processors were busy for ${Math.round(100 * busyShare)} % of the time. Seed: ${seed}; TERRARIUM_TEST_SEED=${seed} repeats it.`,
    ],
  ];
  const skipped = results.flatMap((result) => listSkipped(result).map((test) => ({ file: result.file, ...test })));
  if (skipped.length > 0)
    sections.push(['Skipped:', ...skipped.map(({ file, name, reason }) => `  ${file}: ${name}: ${reason}`)]);
  const flaky = results.filter(isFlaky);
  if (flaky.length > 0) sections.push(['Flaky:', ...flaky.flatMap(describeFlaky)]);
  const failed = results.filter(isFailed);
  if (failed.length > 0)
    sections.push([
      'Failed:',
      ...failed.flatMap((result) => lastRun(result).tally.failures.map(({ name }) => `  ${result.file}: ${name}`)),
    ]);
  return sections.map((lines) => `\n${lines.join('\n')}`).join('\n');
}

/** @param {readonly FileResult[]} results @returns {string[]} one line, or none if no file was in the quiet lane */
function describeQuietLane(results) {
  const quiet = results.map(({ runs: [first] }) => first).filter(({ lane }) => lane === 'quiet');
  if (quiet.length === 0) return [];
  const totalMs = quiet.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return [`The quiet lane took ${formatSeconds(totalMs)} for ${quiet.length} files.`];
}

/** @param {FileResult} result */
function listSkipped(result) {
  return lastRun(result)
    .events.filter(({ type, reason }) => type === 'skipped' && reason)
    .map(({ name, reason }) => ({ name, reason }));
}

/** The empty lines of an error would end the section. */
function describeFlaky({ file, runs: [first] }) {
  return first.tally.failures.flatMap(({ name, error }) => [
    `  ${file}: ${name}`,
    ...error
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(0, errorLinesShown)
      .map((line) => `      ${line}`),
    `    The output of the first run: ${first.outputFile}`,
  ]);
}

/**
 * What `reports/tests.json` holds. Times are milliseconds, `startedAt` is ISO 8601.
 * @param {readonly FileResult[]} results
 * @param {{ conditions: Conditions, checks: readonly { name: string, tally: Tally }[], total: { passed: number, failed: number, skipped: number } }} run
 *   `checks` are no test files: lint, types, left-overs
 */
export function describeRun(results, { conditions: { startedAt, ...conditions }, checks, total }) {
  return {
    startedAt: startedAt.toISOString(),
    ...conditions,
    ...total,
    flaky: countFlaky(results),
    checks: checks.map(({ name, tally }) => ({ name, result: tally.failed > 0 ? 'failed' : 'passed' })),
    files: results.map((result) => ({
      file: result.file,
      lane: lastRun(result).lane,
      ...(listSkipped(result).length > 0 && { skipped: listSkipped(result) }),
      result: isFlaky(result) ? 'flaky' : isFailed(result) ? 'failed' : 'passed',
      runs: result.runs.map(({ tally, durationMs, outputFile }) => ({
        result: tally.failed > 0 ? 'failed' : 'passed',
        durationMs: Math.round(durationMs),
        passed: tally.passed,
        failed: tally.failed,
        skipped: tally.skipped,
        ...(tally.failed > 0 && { failures: tally.failures, outputFile }),
      })),
    })),
  };
}

/** @param {ReturnType<typeof describeRun>} report */
export async function writeReport(report) {
  await mkdir(path.dirname(reportFile), { recursive: true });
  await writeFile(reportFile, `${JSON.stringify(report, null, 2)}\n`);
}

/** @param {number} ms */
export function formatSeconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
