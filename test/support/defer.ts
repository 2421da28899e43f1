// What is to be done after a test, whatever became of it. A hook of node:test that throws keeps all later ones from running, so one failed
// judgement would leave containers and processes behind: here each step is run, and what failed is told at the end.
import { executionAsyncResource } from 'node:async_hooks';
import { after } from 'node:test';

/**
 * Anything with `after`: a test's context, or `{ after }` of node:test for a whole file. Not within a `before` hook:
 * Node 20 runs what is registered there as soon as the hook ends.
 */
export interface Cleanup {
  after(step: () => void | Promise<void>): void;
}

type Step = () => void | Promise<void>;

interface Queue {
  readonly steps: Step[];
  readonly last: Step[];
}

const waiting = new WeakMap<object, Queue>();

/**
 * Runs `step` after the test (or file), in the order of registration, also where an earlier step failed. `isLast`: behind all that are not, as for an
 * engine on which others still have something to remove.
 */
export function defer(cleanup: Cleanup, step: Step, { isLast = false } = {}): void {
  // A file's own hooks are one queue, whoever wraps them; but what is registered in the first turn of a test is that test's, to node:test.
  const isOfFile = cleanup.after === after;
  if (isOfFile && executionAsyncResource().constructor.name === 'Test') {
    after(step);
    return;
  }
  const key = isOfFile ? after : cleanup;
  const known = waiting.get(key);
  const queue = known ?? { steps: [], last: [] };
  (isLast ? queue.last : queue.steps).push(step);
  if (known !== undefined) return;
  waiting.set(key, queue);
  cleanup.after(async () => {
    const failures: unknown[] = [];
    const take = () => queue.steps.shift() ?? queue.last.shift();
    for (let next = take(); next !== undefined; next = take()) {
      try {
        await next();
      } catch (error) {
        failures.push(error);
      }
    }
    waiting.delete(key);
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'));
  });
}
