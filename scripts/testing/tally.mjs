// Counts what test files reported. Pure: events in, numbers and verdict out.

/**
 * @typedef {{ type: 'started' | 'passed' | 'failed' | 'skipped' | 'note', name: string, nesting?: number, durationMs?: number,
 *   suite?: boolean, onlyBelow?: boolean, error?: string, reason?: string }} TestEvent `reason` says why a test was skipped
 * @typedef {{ passed: number, failed: number, skipped: number, failures: { name: string, error: string }[] }} Tally
 */

/**
 * The result of one file. A suite is no test, and a test that failed only because one inside it did is counted once. A test that is skipped without a
 * reason has failed.
 * A file whose process failed without a failing test, or that ran no test at all, is one failure itself.
 * @param {TestEvent[]} events
 * @param {{ code: number | null, problem?: string }} end how the process ended; `problem` says why it was killed
 * @returns {Tally}
 */
export function tallyFile(events, { code, problem }) {
  const tally = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const event of events) {
    if (event.type === 'failed' && !event.onlyBelow) {
      tally.failed += 1;
      tally.failures.push({ name: event.name, error: event.error ?? '' });
    }
    if (event.type === 'skipped' && !event.reason) {
      tally.failed += 1;
      tally.failures.push({ name: event.name, error: 'it is skipped without a reason' });
    } else if (!event.suite && (event.type === 'passed' || event.type === 'skipped')) tally[event.type] += 1;
  }
  const own = problem ?? explainEnd(tally, code);
  if (own !== undefined) {
    tally.failed += 1;
    const notes = events.filter(({ type }) => type === 'note').map(({ name }) => name);
    tally.failures.push({ name: 'the file itself', error: [own, ...notes].join('\n') });
  }
  return tally;
}

function explainEnd(tally, code) {
  if (code !== 0 && tally.failed === 0) return `its process ended with ${code === null ? 'a signal' : `code ${code}`}`;
  if (tally.passed + tally.failed + tally.skipped === 0) return 'it ran no test';
  return undefined;
}

/** @param {Tally[]} tallies @returns {{ passed: number, failed: number, skipped: number }} */
export function addUp(tallies) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const tally of tallies) for (const key of Object.keys(total)) total[key] += tally[key];
  return total;
}

/** The last line of every run. @param {{ passed: number, failed: number, skipped: number }} total */
export function formatTotal({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * Whether the run fails: a failure, no test that passed, or flaky tests if the caller does not accept them.
 * @param {{ passed: number, failed: number }} total
 * @param {{ flaky: number, failOnFlaky: boolean }} options
 */
export function isRed({ passed, failed }, { flaky, failOnFlaky }) {
  return failed > 0 || passed === 0 || (failOnFlaky && flaky > 0);
}
