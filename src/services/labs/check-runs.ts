// Runs of checks: once, until they hold, or on and on.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../../domain/duration.ts';
import type { CheckReport, CheckResult } from '../../schemas/lab-check.ts';
import type { CheckedLab, LabChecks } from './lab-checks.ts';

/** Which checks, and how long they are waited for. */
export interface CheckWishes {
  /** All where not said. */
  readonly names?: readonly string[] | undefined;
  readonly instance?: number | undefined;
  /** A duration: until they hold, or so long. */
  readonly wait?: string | undefined;
}

export interface CheckRuns {
  report(lab: CheckedLab, wishes: CheckWishes, signal: AbortSignal): Promise<CheckReport>;
  /** All results, and from then on those that changed; until the signal is aborted. */
  follow(lab: CheckedLab, wishes: CheckWishes, signal: AbortSignal): AsyncIterable<readonly CheckResult[]>;
}

/** Milliseconds between two looks. */
const between = { waiting: 300, following: 1_000 } as const;

export function createCheckRuns(checks: LabChecks): CheckRuns {
  return {
    async report(lab, { names, instance, wait }, signal) {
      const which = checks.select(lab, { names, instance });
      const deadline = performance.now() + (wait === undefined ? 0 : parseDuration(wait, 'wait'));
      let results = await checks.evaluate(lab, which, signal);
      while (performance.now() < deadline && results.some(({ status }) => status !== 'pass')) {
        await sleep(between.waiting, undefined, { signal }).catch(() => signal.throwIfAborted());
        const open = results.filter(({ status }) => status !== 'pass');
        const again = await checks.evaluate(lab, open, signal);
        results = results.map((result) => again.find((one) => isSame(one, result)) ?? result);
        // All at one moment, or one that held before may not hold any more.
        if (again.every(({ status }) => status === 'pass')) results = await checks.evaluate(lab, which, signal);
      }
      return sumUp(lab, results);
    },

    async *follow(lab, { names, instance }, signal) {
      const which = checks.select(lab, { names, instance });
      let before: readonly CheckResult[] = [];
      while (!signal.aborted) {
        const results = await checks.evaluate(lab, which, signal);
        const changed = results.filter((result) => {
          const known = before.find((one) => isSame(one, result));
          return known === undefined || known.status !== result.status || known.evidence !== result.evidence;
        });
        yield changed;
        before = results;
        await sleep(between.following, undefined, { signal }).catch(() => {});
      }
    },
  };
}

function isSame(one: CheckResult, other: CheckResult): boolean {
  return one.name === other.name && one.instance === other.instance;
}

function sumUp({ identity, home }: CheckedLab, results: CheckResult[]): CheckReport {
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  const [failed, errors] = [count('fail'), count('error')];
  return {
    lab: identity.lab,
    engine: home.engine.name,
    status: errors > 0 ? 'error' : failed > 0 ? 'fail' : 'pass',
    passed: count('pass'),
    failed,
    errors,
    results,
  };
}
