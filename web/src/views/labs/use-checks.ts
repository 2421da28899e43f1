// The checks of a lab as they turn: every result, and each that changes.
import { useEffect, useState } from 'preact/hooks';
import { type CheckResult, type LabFile, TerrariumError } from '../../../../src/client/index.ts';
import { mayChange } from '../../session.ts';
import { client } from '../../store/store.ts';

export interface Checks {
  /** By name; of a lab of several instances one for each. */
  readonly results: ReadonlyMap<string, readonly CheckResult[]>;
  readonly error: Error | null;
}

const none: Checks = { results: new Map(), error: null };
/** Those that run something in a container, which a login that may only look cannot ask for. */
const running = ['exec', 'reaches', 'cannotReach'] as const;

/** `generation` of the lab: another file has other checks. */
export function useChecks(
  name: string,
  { engine, generation, file }: { engine: string | undefined; generation: number | null; file: LabFile | null },
): Checks {
  const [held, hold] = useState<{ key: string; checks: Checks } | null>(null);
  const asked = listAsked(file, mayChange.value);
  const key = JSON.stringify([name, engine, generation, asked]);
  useEffect(() => {
    hold(null);
    if (generation === null || asked.length === 0) return;
    const ending = new AbortController();
    const { signal } = ending;
    void follow(name, { engine, asked, signal }, (checks) => {
      if (!signal.aborted) hold({ key, checks });
    });
    return () => ending.abort();
  }, [key]);
  return held?.key === key ? held.checks : none;
}

/** Names of the checks that are looked at. */
export function listAsked(file: LabFile | null, isWhole: boolean): readonly string[] {
  return Object.entries(file?.checks ?? {})
    .filter(([, check]) => isWhole || !running.some((kind) => kind in check))
    .map(([name]) => name);
}

async function follow(
  name: string,
  { engine, asked, signal }: { engine: string | undefined; asked: readonly string[]; signal: AbortSignal },
  tell: (checks: Checks) => void,
): Promise<void> {
  const known = new Map<string, readonly CheckResult[]>();
  try {
    const wish = { checks: asked, signal, ...(engine !== undefined && { engine }) };
    for await (const result of client().labs.watchChecks(name, wish)) {
      const others = (known.get(result.name) ?? []).filter(({ instance }) => instance !== result.instance);
      known.set(
        result.name,
        [...others, result].sort((one, other) => (one.instance ?? 0) - (other.instance ?? 0)),
      );
      tell({ results: new Map(known), error: null });
    }
  } catch (error) {
    if (!signal.aborted)
      tell({ results: new Map(known), error: error instanceof TerrariumError ? error : new Error(String(error)) });
  }
}
