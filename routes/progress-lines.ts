// Work that is told in lines of JSON while it goes on. What fails before anything was told is an answer of its own, with its status; what fails
// later is the last line. While nothing is told there are heartbeats: clients take an answer for dead that says nothing for some minutes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabHeartbeat } from '../src/schemas/lab-view.ts';

/**
 * Begins the work, and answers when it has told something first. The last line is what it comes to.
 *
 * @throws what the work fails with before it has told anything
 */
export async function openProgress<Progress>(
  work: (tell: (progress: Progress) => void) => Promise<unknown>,
  heartbeatMs: number,
): Promise<AsyncIterable<readonly unknown[]>> {
  let told: unknown[] = [];
  let wake = () => {};
  let next = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const tell = (one: unknown) => {
    told.push(one);
    wake();
  };
  const end = work(tell).then(
    (last) => {
      tell(last);
      return { failed: false as const };
    },
    (error: unknown) => {
      wake();
      return { failed: true as const, error };
    },
  );
  let ended: Awaited<typeof end> | undefined;
  void end.then((outcome) => {
    ended = outcome;
  });
  await next;
  if (told.length === 0) {
    const outcome = await end;
    if (outcome.failed) throw outcome.error;
  }
  return (async function* lines() {
    for (;;) {
      const batch = told;
      told = [];
      next = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (batch.length > 0) yield batch;
      else if (ended?.failed === true) throw ended.error;
      else if (ended !== undefined) return;
      else if (!(await isWithin(heartbeatMs, next, end))) yield [beat()];
    }
  })();
}

function beat(): LabHeartbeat {
  return { event: 'heartbeat', at: new Date().toISOString() };
}

/** Does one of them come in time? */
async function isWithin(ms: number, ...awaited: readonly Promise<unknown>[]): Promise<boolean> {
  const waiting = new AbortController();
  const late = sleep(ms, 'late', { signal: waiting.signal }).catch(() => {});
  const first = await Promise.race([...awaited, late]);
  waiting.abort();
  return first !== 'late';
}
