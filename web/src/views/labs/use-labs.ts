// Labs as they are: read when something of them happens, now and then besides, and right after a change of our own.
import { useEffect, useState } from 'preact/hooks';
import { type LabInFull, type LabView, TerrariumError } from '../../../../src/client/index.ts';
import { Refresher } from '../../store/refresher.ts';
import { client, onEvent, store } from '../../store/store.ts';

/** Milliseconds. A lab is changed elsewhere as well, and its document makes no event. */
const lookAgainMs = 5_000;

interface Known<Value> {
  readonly value: Value | null;
  /** Why there is none; of a lab that is not there `lab_not_found`. */
  readonly error: TerrariumError | null;
  /** Reads it again soon. */
  look(): void;
}

export function useLabs(): Known<readonly LabView[]> {
  return useKnown('labs', (signal) => client().labs.list({ signal }));
}

export function useLab(name: string, engine: string | undefined): Known<LabInFull> {
  return useKnown(`${engine} ${name}`, (signal) =>
    client().labs.get(name, { signal, ...(engine !== undefined && { engine }) }),
  );
}

/** `key` says what is read: another one begins anew. */
function useKnown<Value>(key: string, read: (signal: AbortSignal) => Promise<Value>): Known<Value> {
  const [held, hold] = useState<{ key: string; value: Value | null; error: TerrariumError | null } | null>(null);
  const [refresher, setRefresher] = useState<Refresher | null>(null);
  const run = store.runs.value;
  useEffect(() => {
    const made = new Refresher(async (signal) => {
      try {
        const value = await read(signal);
        hold({ key, value, error: null });
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof TerrariumError) || error.status === 0 || error.status >= 500) throw error;
        hold({ key, value: null, error });
      }
    });
    setRefresher(made);
    made.ask();
    const timer = setInterval(() => {
      if (!document.hidden) made.ask();
    }, lookAgainMs);
    const unlisten = onEvent(() => made.ask());
    return () => {
      clearInterval(timer);
      unlisten();
      made.end();
    };
  }, [key, run]);
  const mine = held?.key === key ? held : null;
  return { value: mine?.value ?? null, error: mine?.error ?? null, look: () => refresher?.ask() };
}
