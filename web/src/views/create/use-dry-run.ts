// What the server would make of the form, asked while somebody types: after a moment of rest, and what is asked anew ends what was asked before.
import { useEffect, useState } from 'preact/hooks';
import type { DryRun } from '../../../../src/client/index.ts';
import { client } from '../../store/store.ts';
import type { CreateMode, ReadRequest } from './form.ts';

export interface Trial {
  readonly state: 'asking' | 'fine' | 'refused';
  /** While another is asked for, that of before. */
  readonly dryRun: DryRun | null;
  readonly error: unknown;
}

const restMs = 250;

export function useDryRun(mode: CreateMode, { body, problems }: ReadRequest): Trial {
  const [trial, setTrial] = useState<Trial & { readonly mode: CreateMode }>({
    mode,
    state: 'asking',
    dryRun: null,
    error: null,
  });
  const hasProblems = Object.keys(problems).length > 0;
  const wanted = JSON.stringify(body);
  // By value: the body is made anew each time that the form is drawn.
  useEffect(() => {
    if (hasProblems) {
      setTrial({ mode, state: 'refused', dryRun: null, error: null });
      return;
    }
    const ending = new AbortController();
    setTrial((before) => ({ ...before, state: 'asking' }));
    const timer = setTimeout(() => {
      client()
        .containers.dryRun(mode, body, { signal: ending.signal })
        .then((dryRun) => setTrial({ mode, state: 'fine', dryRun, error: null }))
        .catch((error: unknown) => {
          if (!ending.signal.aborted) setTrial({ mode, state: 'refused', dryRun: null, error });
        });
    }, restMs);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [mode, wanted, hasProblems]);
  return trial.mode === mode ? trial : { state: 'asking', dryRun: null, error: null };
}
