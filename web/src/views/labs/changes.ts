// Changes of labs that this page has begun, with how far they are. They go on while one looks at other views; leaving the page undoes an apply.
import { signal } from '@preact/signals';
import { type LabApplied, type LabPlanView, type LabProgress, TerrariumError } from '../../../../src/client/index.ts';
import { client, refresh } from '../../store/store.ts';

type Action = Extract<LabProgress, { event: 'action' }>;

export interface Change {
  readonly kind: 'apply' | 'remove';
  readonly state: 'running' | 'done' | 'failed';
  /** Of an apply, as soon as the server has said it. */
  readonly plan: LabPlanView | null;
  /** The last news of each, by `KIND KEY`. */
  readonly actions: ReadonlyMap<string, Action>;
  /** Somebody here has asked for its end. */
  readonly isCancelled: boolean;
  readonly error: unknown;
}

export interface Place {
  readonly name: string;
  readonly engine?: string | undefined;
}

const all = signal<ReadonlyMap<string, Change>>(new Map());

/** What this page does, or has just done, to a lab. Reading it follows it. */
export function changeOf(place: Place): Change | undefined {
  return all.value.get(keyOf(place));
}

/** Forgets one that is over. */
export function dismissChange(place: Place): void {
  const key = keyOf(place);
  if (all.peek().get(key)?.state === 'running') return;
  all.value = new Map([...all.peek()].filter(([one]) => one !== key));
}

/** Makes the lab what the text says; answers null where it failed, which its change then tells. */
export function applyLab(place: Place, text: string, instances?: number | null): Promise<LabApplied | null> {
  return follow(place, 'apply', (onProgress) =>
    client().labs.apply(place.name, text, {
      onProgress,
      ...(place.engine !== undefined && { engine: place.engine }),
      ...(typeof instances === 'number' && { instances }),
    }),
  );
}

export async function removeLab(place: Place): Promise<boolean> {
  const { engine } = place;
  const removed = await follow(place, 'remove', (onProgress) =>
    client().labs.remove(place.name, { onProgress, ...(engine !== undefined && { engine }) }),
  );
  return removed !== null;
}

/** Ends a change; what an apply has made is removed again. Fails as the server does. */
export async function cancelChange({ name, engine }: Place): Promise<void> {
  put({ name, engine }, { isCancelled: true });
  await client().labs.cancel(name, engine === undefined ? {} : { engine });
}

async function follow<End>(
  place: Place,
  kind: Change['kind'],
  begin: (onProgress: (progress: LabProgress) => void) => Promise<End>,
): Promise<End | null> {
  if (changeOf(place)?.state === 'running') return null;
  const key = keyOf(place);
  const fresh: Change = { kind, state: 'running', plan: null, actions: new Map(), isCancelled: false, error: null };
  all.value = new Map([...all.peek(), [key, fresh]]);
  const warn = (event: BeforeUnloadEvent) => event.preventDefault();
  if (kind === 'apply') addEventListener('beforeunload', warn);
  try {
    const end = await begin((progress) => {
      if (progress.event === 'plan') put(place, { plan: progress.plan });
      else
        put(place, {
          actions: new Map([...(all.peek().get(key)?.actions ?? []), [`${progress.kind} ${progress.key}`, progress]]),
        });
    });
    put(place, { state: 'done' });
    return end;
  } catch (error) {
    put(place, { state: 'failed', error: error instanceof TerrariumError ? error : new Error(String(error)) });
    return null;
  } finally {
    removeEventListener('beforeunload', warn);
    refresh();
  }
}

function put(place: Place, news: Partial<Change>): void {
  const key = keyOf(place);
  const known = all.peek().get(key);
  if (known !== undefined) all.value = new Map([...all.peek(), [key, { ...known, ...news }]]);
}

function keyOf({ name, engine = '' }: Place): string {
  return `${engine} ${name}`;
}
