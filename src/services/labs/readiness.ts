// Waits until a container is what its file calls ready: the checks that it names hold.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../schemas/failure.ts';
import type { LabChecks } from './lab-checks.ts';
import type { Wanted } from './lab-look.ts';

export interface Readiness {
  /** Fails with `state_conflict` where it does not come to be, naming the check and what was seen. */
  await(wanted: Wanted, key: string, signal: AbortSignal): Promise<void>;
}

/** Milliseconds. */
const timing = { patience: 60_000, between: 200 } as const;

export function createReadiness(checks: Pick<LabChecks, 'evaluate'>): Readiness {
  return {
    async await(wanted, key, signal) {
      const container = wanted.desired.containers.find((one) => one.key === key);
      if (container === undefined) throw new Error(`the plan waits for ${key}, which the lab does not have`);
      const { instance, ready, item } = container;
      const deadline = performance.now() + timing.patience;
      for (;;) {
        const which = ready.map((name) => ({ name, instance }));
        const missing = (await checks.evaluate(wanted, which, signal)).find(({ status }) => status !== 'pass');
        if (missing === undefined) return;
        if (performance.now() > deadline)
          throw new Failure(
            'state_conflict',
            `"${key}" is not ready after ${timing.patience / 1000} s: ${missing.claim}; ${missing.evidence}`,
            {
              field: `containers.${item}.ready`,
              ...(missing.hint !== null && { hint: missing.hint }),
            },
          );
        await sleep(timing.between, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
  };
}
