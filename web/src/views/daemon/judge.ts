// Asks the server what dockerd would make of a text, a moment after the last key; of several answers the newest counts.
import { useEffect, useState } from 'preact/hooks';
import type { DaemonConfigQuery, DaemonConfigVerdict } from '../../../../src/client/index.ts';
import { client } from '../../store/store.ts';

/** Milliseconds after the last key. */
const restMs = 200;

export interface Judgement {
  /** Of `text`; null before the first. */
  readonly verdict: DaemonConfigVerdict | null;
  /** The text that the verdict is about. */
  readonly text: string;
  readonly failure: Error | null;
}

export function useJudgement(text: string, surroundings: DaemonConfigQuery): Judgement {
  const [judgement, setJudgement] = useState<Judgement>({ verdict: null, text: '', failure: null });
  const asked = JSON.stringify(surroundings);
  useEffect(() => {
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      client()
        .engines.checkDaemonConfig(text, { ...surroundings, signal: leaving.signal })
        .then((verdict) => setJudgement({ verdict, text, failure: null }))
        .catch((error: unknown) => {
          if (!leaving.signal.aborted)
            setJudgement({ verdict: null, text, failure: error instanceof Error ? error : new Error(String(error)) });
        });
    }, restMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [text, asked]);
  return judgement;
}
