// Sockets, interfaces and log lines as signals, shared: however many parts of the page look at one container, it is subscribed to once.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Ifconfig, Netstat, Observation, TerrariumClient } from '../../../src/client/index.ts';
import { setWithFrame } from './frames.ts';

interface Watched {
  netstat: Netstat;
  ifconfig: Ifconfig;
}
/** What can be watched of one container. */
export type WatchedTopic = keyof Watched;

export interface WatchWish<Topic extends WatchedTopic = WatchedTopic> {
  readonly topic: Topic;
  /** Full id. */
  readonly container: string;
  /** As the program's: `tuwan` for netstat, `a` for ifconfig. */
  readonly options?: string;
  /** `both` brings the text of the program too. */
  readonly format?: 'json' | 'both';
  readonly intervalMs?: number;
}

interface Watch {
  readonly wish: WatchWish;
  readonly newest: Signal<Observation<never> | null>;
  readonly failure: Signal<Error | null>;
  watchers: number;
  end(): void;
}

const watches = new Map<string, Watch>();
let client: TerrariumClient | null = null;
/** Milliseconds that a subscription outlives its last watcher: who goes from view to view finds it there. */
const lingerMs = 2_000;

/** What is known, and why nothing comes (a container that is gone, a right that is missing). */
export interface Watching<Data> {
  readonly newest: ReadonlySignal<Observation<Data> | null>;
  readonly failure: ReadonlySignal<Error | null>;
  /** One watcher less. */
  leave(): void;
}

/** Watches until `leave`; a component uses {@link useWatch}. Values come at most once a frame. */
export function watch<Topic extends WatchedTopic>(wish: WatchWish<Topic>): Watching<Watched[Topic]> {
  const key = JSON.stringify([wish.topic, wish.container, wish.options, wish.format, wish.intervalMs]);
  let found = watches.get(key);
  if (found === undefined) {
    found = { wish, newest: signal(null), failure: signal(null), watchers: 0, end: () => {} };
    watches.set(key, found);
    begin(found);
  }
  const watched = found;
  watched.watchers += 1;
  let hasLeft = false;
  return {
    newest: watched.newest as unknown as ReadonlySignal<Observation<Watched[Topic]> | null>,
    failure: watched.failure,
    leave() {
      if (hasLeft) return;
      hasLeft = true;
      watched.watchers -= 1;
      if (watched.watchers === 0) setTimeout(() => forget(key, watched), lingerMs);
    },
  };
}

/** The newest observation as long as the component is there. @example const netstat = useWatch({ topic: 'netstat', container: id }).newest.value; */
export function useWatch<Topic extends WatchedTopic>(wish: WatchWish<Topic>): Omit<Watching<Watched[Topic]>, 'leave'> {
  const key = JSON.stringify(wish);
  const [held, hold] = useState<{ key: string; watching: Watching<Watched[Topic]> } | null>(null);
  // The key is the wish by value.
  useEffect(() => {
    const watching = watch(wish);
    hold({ key, watching });
    return () => watching.leave();
  }, [key]);
  return held !== null && held.key === key ? held.watching : nothingYet;
}

const nothingYet: { newest: ReadonlySignal<null>; failure: ReadonlySignal<null> } = {
  newest: signal(null),
  failure: signal(null),
};

/** Those that were there before a login go on after it. */
export function restartWatches(made: TerrariumClient): void {
  client = made;
  for (const one of watches.values()) begin(one);
}

export function endWatches(): void {
  client = null;
  for (const one of watches.values()) {
    one.end();
    one.newest.value = null;
  }
}

function begin(one: Watch): void {
  if (client === null) return;
  const ending = new AbortController();
  one.end = () => ending.abort();
  void follow(client, one, ending.signal);
}

async function follow(made: TerrariumClient, { wish, newest, failure }: Watch, signal: AbortSignal): Promise<void> {
  try {
    failure.value = null;
    // One overload of subscribe for each topic; what they answer is told by the wish.
    const news = (wish.topic === 'netstat'
      ? made.subscribe({ ...wish, topic: 'netstat' }, { signal })
      : made.subscribe({ ...wish, topic: 'ifconfig' }, { signal })) as unknown as AsyncIterable<Observation<never>>;
    for await (const observation of news) if (!signal.aborted) setWithFrame(newest, observation);
  } catch (error) {
    if (!signal.aborted) failure.value = error instanceof Error ? error : new Error(String(error));
  }
}

function forget(key: string, watched: Watch): void {
  if (watched.watchers > 0 || watches.get(key) !== watched) return;
  watched.end();
  watches.delete(key);
}
