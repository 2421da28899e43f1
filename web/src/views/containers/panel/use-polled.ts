// Asks the server something again and again while somebody looks at it. What was answered last stays until the next answer, also while it fails.
import { useEffect, useState } from 'preact/hooks';
import { store } from '../../../store/store.ts';

export interface Polled<Value> {
  /** Of this question; null before its first answer. */
  readonly value: Value | null;
  /** Why the last try failed; null where it did not. */
  readonly failure: Error | null;
}

interface Held<Value> extends Polled<Value> {
  readonly question: string;
}

interface PollOptions {
  /** Milliseconds between an answer and the next try. */
  readonly everyMs: number;
  /** false: it is asked once. */
  readonly isFollowed: boolean;
}

/** `question` is what is asked, by value: another one begins anew. null asks nothing. */
export function usePolled<Value>(
  question: string | null,
  ask: (signal: AbortSignal) => Promise<Value>,
  { everyMs, isFollowed }: PollOptions,
): Polled<Value> {
  const [held, hold] = useState<Held<Value> | null>(null);
  // A server that is back is asked at once.
  const run = store.runs.value;
  useEffect(() => {
    if (question === null) return;
    const ending = new AbortController();
    void poll(ending.signal, everyMs, isFollowed, async () => {
      try {
        const value = await ask(ending.signal);
        if (!ending.signal.aborted) hold({ question, value, failure: null });
      } catch (error) {
        if (ending.signal.aborted) return;
        const failure = error instanceof Error ? error : new Error(String(error));
        hold((last) => ({ question, value: last?.question === question ? last.value : null, failure }));
      }
    });
    return () => ending.abort();
  }, [question, everyMs, isFollowed, run]);
  return held !== null && held.question === question ? held : { value: null, failure: null };
}

async function poll(
  signal: AbortSignal,
  everyMs: number,
  isFollowed: boolean,
  ask: () => Promise<void>,
): Promise<void> {
  await ask();
  while (isFollowed && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    // Nobody looks at a hidden page.
    if (!signal.aborted && !document.hidden) await ask();
  }
}
