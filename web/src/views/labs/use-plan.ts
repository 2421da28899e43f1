// What an apply of the text would do, asked while somebody types.
import { useEffect, useState } from 'preact/hooks';
import type { LabPlanView } from '../../../../src/client/index.ts';
import { client } from '../../store/store.ts';
import type { Place } from './changes.ts';

export interface Planning {
  readonly state: 'idle' | 'asking' | 'planned' | 'refused';
  readonly plan: LabPlanView | null;
  readonly error: unknown;
}

const idle: Planning = { state: 'idle', plan: null, error: null };
const restMs = 400;

/** `again` changes when the lab has: then it is asked anew. */
export function usePlan(
  { name, engine }: Place,
  text: string,
  instances: number | undefined,
  again: unknown,
): Planning {
  const [planning, setPlanning] = useState<Planning>(idle);
  useEffect(() => {
    if (name === '' || text.trim() === '') {
      setPlanning(idle);
      return;
    }
    const ending = new AbortController();
    setPlanning(({ plan }) => ({ state: 'asking', plan, error: null }));
    const timer = setTimeout(() => {
      client()
        .labs.plan(name, text, {
          signal: ending.signal,
          ...(engine !== undefined && { engine }),
          ...(instances !== undefined && { instances }),
        })
        .then((plan) => setPlanning({ state: 'planned', plan, error: null }))
        .catch((error: unknown) => {
          if (!ending.signal.aborted) setPlanning({ state: 'refused', plan: null, error });
        });
    }, restMs);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [name, engine, text, instances, again]);
  return planning;
}
