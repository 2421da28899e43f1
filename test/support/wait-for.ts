// How tests wait. `waitFor` is the only helper that polls: it waits for something that can be seen. `letTimePass` is the only sleep: it is for tests
// whose subject is time itself, as "nothing happens within a second".
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Multiplies the deadlines of all waits: `TERRARIUM_TEST_PATIENCE`, 1 unless set. The runner multiplies its own limits by it too. */
export const patience = Number(process.env.TERRARIUM_TEST_PATIENCE ?? 1);

/** A generous deadline, in milliseconds: it ends a wait for something that never comes, and says nothing about speed. */
const generousMs = 30_000;
/** The longest pause between two looks, in milliseconds, unless the caller asks for longer ones. */
const longestPauseMs = 400;
/** Characters of what was seen last, in the error. */
const longestSeen = 2_000;

/** Notes a value that a look saw, for the error, and returns it. */
export type See = <Value>(value: Value) => Value;

/**
 * Calls `look` until it answers something that is not false, null or undefined, and returns that. A look that throws counts as not yet. It looks every
 * `intervalMs`, and less often the longer it waits, because a look may start a process: it notices a result that takes seconds at most a tenth later.
 *
 * @param look notes with `see` the values that it judges
 * @param options `what` is awaited, as the error names it. `timeoutMs` is multiplied by {@link patience}
 * @throws {Error} after the deadline: what was awaited, and what the last look saw: the noted values, else the error or the answer
 * @example await waitFor(async (see) => see(await readState(id)) === 'running', { what: 'the container to run' });
 */
export async function waitFor<T>(
  look: (see: See) => T | Promise<T>,
  {
    what,
    timeoutMs = generousMs,
    intervalMs = 50,
  }: { what: string; timeoutMs?: number | undefined; intervalMs?: number },
): Promise<Exclude<T, false | null | undefined>> {
  const began = Date.now();
  const limitMs = timeoutMs * patience;
  for (;;) {
    let error: unknown;
    let answer: unknown;
    const noted: unknown[] = [];
    const see: See = (value) => {
      noted.push(value);
      return value;
    };
    try {
      const value = await look(see);
      if (value !== false && value !== null && value !== undefined)
        return value as Exclude<T, false | null | undefined>;
      answer = value;
    } catch (thrown) {
      error = thrown;
    }
    if (Date.now() - began > limitMs) {
      const seen = [...noted.map(describe), ...(error === undefined ? [] : [String(error)])];
      const shown = seen.length > 0 ? seen.join('; ') : describe(answer);
      throw new Error(`waited ${limitMs} ms for ${what}; seen last: ${shown}`, { cause: error });
    }
    await sleep(Math.max(intervalMs, Math.min(longestPauseMs, (Date.now() - began) / 10)));
  }
}

/**
 * Waits for `ms` milliseconds, whatever happens. Only for tests whose subject is time itself: where the result can be seen, use {@link waitFor}.
 *
 * @param why the reason, for the reader: what has to happen, or must not happen, in this time
 */
export function letTimePass(ms: number, _why: string): Promise<void> {
  return sleep(ms);
}

function describe(value: unknown): string {
  const text = typeof value === 'string' ? value : inspect(value, { depth: 6, breakLength: 120, maxArrayLength: 50 });
  // The end is the newest part of an output.
  return text.length > longestSeen ? `…${text.slice(-longestSeen)}` : text;
}
