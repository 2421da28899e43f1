// Sockets and interfaces of every namespace on the map, as signals that change at most once a frame. Members of a lab come by one subscription for the
// lab, so that a class of thirty does not need sixty.
import { effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Ifconfig, Netstat, Observation } from '../../../../src/client/index.ts';
import { setWithFrame } from '../../store/frames.ts';
import { client, store } from '../../store/store.ts';

/** What is observed in one namespace. */
export interface Sight {
  readonly netstat: ReadonlySignal<Observation<Netstat> | null>;
  readonly ifconfig: ReadonlySignal<Observation<Ifconfig> | null>;
}

/** Who is watched: a witness of a namespace, and the lab by which it comes where there is one. */
export interface Witness {
  readonly container: string;
  readonly engine: string;
  readonly lab: string | null;
}

interface Watched {
  readonly netstat: Signal<Observation<Netstat> | null>;
  readonly ifconfig: Signal<Observation<Ifconfig> | null>;
}

/** Milliseconds between two looks at sockets: half the default, because connections are what the map is about. */
const netstatMs = 500;
/** Milliseconds after which a subscription that was refused is tried again. */
const retryMs = 3_000;

export class Feed {
  readonly #sights = new Map<string, Watched>();
  readonly #subscriptions = new Map<string, AbortController>();
  readonly #endFollowing: () => void;
  #witnesses: ReadonlySet<string> = new Set();

  /** Follows who is to be watched until `end`. */
  constructor(witnesses: ReadonlySignal<readonly Witness[]>) {
    this.#endFollowing = effect(() => this.#follow(witnesses.value));
  }

  /** Of a container that is or was watched; what is not known is null. */
  get(container: string): Sight {
    let found = this.#sights.get(container);
    if (found === undefined) {
      found = { netstat: signal(null), ifconfig: signal(null) };
      this.#sights.set(container, found);
    }
    return found;
  }

  end(): void {
    this.#endFollowing();
    for (const subscription of this.#subscriptions.values()) subscription.abort();
    this.#subscriptions.clear();
  }

  #follow(witnesses: readonly Witness[]): void {
    this.#witnesses = new Set(witnesses.map(({ container }) => container));
    for (const container of this.#sights.keys()) if (!this.#witnesses.has(container)) this.#sights.delete(container);
    const wanted = new Map<string, Subject>();
    for (const { container, engine, lab } of witnesses) {
      const subject: Subject = lab === null ? { container, engine } : { lab, engine };
      wanted.set(JSON.stringify(subject), subject);
    }
    for (const [key, subscription] of this.#subscriptions)
      if (!wanted.has(key)) {
        subscription.abort();
        this.#subscriptions.delete(key);
      }
    for (const [key, subject] of wanted) {
      if (this.#subscriptions.has(key)) continue;
      const ending = new AbortController();
      this.#subscriptions.set(key, ending);
      void this.#observe('netstat', subject, ending.signal);
      void this.#observe('ifconfig', subject, ending.signal);
    }
  }

  async #observe(topic: 'netstat' | 'ifconfig', subject: Subject, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (topic === 'netstat')
          for await (const one of client().subscribe({ topic, ...subject, intervalMs: netstatMs }, { signal }))
            this.#take('netstat', one);
        else for await (const one of client().subscribe({ topic, ...subject }, { signal })) this.#take('ifconfig', one);
      } catch {
        // Gone, or refused: the lists of the store say which, and who is gone is not asked for any more.
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  #take<Topic extends 'netstat' | 'ifconfig'>(topic: Topic, observation: NonNullable<Watched[Topic]['value']>): void {
    const { container } = observation.key;
    if (!this.#witnesses.has(container)) return;
    const sight = this.get(container) as Watched;
    if (observation.state === 'ended') return;
    setWithFrame(sight[topic] as Signal<unknown>, observation);
  }
}

type Subject =
  | { readonly container: string; readonly engine: string; readonly lab?: never }
  | { readonly lab: string; readonly engine: string; readonly container?: never };

/** Whether engines are known well enough to say that something is not there. */
export function isKnown(): boolean {
  return store.containers.isKnown.value && store.networks.isKnown.value && store.engines.isKnown.value;
}
