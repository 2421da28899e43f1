// What the dashboard knows: one client, one connection, and what the server holds, kept by events and set right by a look at all of it now and then.
import { type ReadonlySignal, signal } from '@preact/signals';
import {
  type Container,
  createClient,
  type EngineView,
  type EventNews,
  type LabView,
  type Network,
  type TerrariumClient,
  TerrariumError,
} from '../../../src/client/index.ts';
import { session as knownSession, logOut, seesAll, setSession, token } from '../session.ts';
import { Collection } from './collection.ts';
import { Refresher } from './refresher.ts';
import { endWatches, restartWatches } from './watch.ts';

/** How the connection to the server stands. */
export type ConnectionState =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** What is shown is what was last known. `since` and `retryAt` are milliseconds of this machine's clock. */
  | { readonly state: 'lost'; readonly since: number; readonly detail: string; readonly retryAt: number };

/** Milliseconds between two looks at everything: networks come and go without an event. */
const reconcileMs = 10_000;
const retryMs = { first: 500, longest: 5_000 } as const;

const connectionState = signal<ConnectionState>({ state: 'connecting' });
const runs = signal(0);

/** Everything is read by signals: a component is drawn anew by what it has read. */
export const store = {
  connection: connectionState as ReadonlySignal<ConnectionState>,
  /** By name. */
  engines: new Collection<EngineView>(({ name }) => name),
  /** By id; those of others too: a view shows what `managed` says. */
  containers: new Collection<Container>(({ id }) => id),
  /** By id. */
  networks: new Collection<Network>(({ id }) => id),
  /** By engine and name. */
  labs: new Collection<LabView>(({ engine, name }) => `${engine} ${name}`),
  /** Counts the connections to the server that were opened: changes when it is back, for who has to ask again. */
  runs: runs as ReadonlySignal<number>,
} as const;

let current: { readonly client: TerrariumClient; end(): void; refresh(): void } | null = null;
const listeners = new Set<(news: EventNews) => void>();

/** The client of who is logged in. */
export function client(): TerrariumClient {
  if (current === null) throw new Error('nobody is logged in');
  return current.client;
}

/** Logs out, here and on the server: this page's token is no use to anybody any more. */
export function endSession(): void {
  const value = token.peek();
  // Here first: what this page has open would else be told by the server that its session has ended, as if it were news.
  logOut();
  if (value === null) return;
  // A token that is no session's stays what it is.
  const leaving = createClient({ url: location.origin, token: value, retries: 0 });
  leaving.access.logout().catch(() => {});
}

/** Reads everything again soon: after an action of our own. */
export function refresh(): void {
  current?.refresh();
}

/** Hears each event of the server, once and in order; returns how to stop. */
export function onEvent(listener: (news: EventNews) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Follows the server for as long as the token is good. */
export function startStore(value: string): void {
  stopStore();
  const ending = new AbortController();
  const made = createClient({
    url: location.origin,
    token: value,
    fetch: async (...call) => {
      const answer = await fetch(...call);
      if (answer.status === 401 && token.peek() === value) logOut({ kind: 'expired' });
      return answer;
    },
    onConnection: (connection) => {
      if (connection.state === 'open') opened();
      else if (connection.state === 'waiting') lost(connection.error, connection.retryMs);
    },
  });
  const lists = [
    new Refresher(async (signal) => store.engines.replace(await made.engines.list({ signal }))),
    new Refresher(async (signal) => store.containers.replace(await made.containers.list({ ...chooseScope(), signal }))),
    new Refresher(async (signal) => store.networks.replace(await made.networks.list({ signal }))),
  ];
  const session = new Refresher(async (signal) => setSession(await made.access.session({ signal })));
  // The server looks deeper for it, so it is not asked at each event of a container.
  const labs = new Refresher(async (signal) => store.labs.replace(await made.labs.list({ signal })));
  const refreshers = [...lists, labs, session];
  const refreshAll = () => {
    for (const refresher of refreshers) refresher.ask();
  };
  const heard = (news: EventNews) => {
    for (const list of lists) list.ask();
    if (news.type !== 'event' || news.event.startsWith('lab.')) labs.ask();
  };
  const opened = () => {
    connectionState.value = { state: 'live' };
    runs.value += 1;
    refreshAll();
  };
  const lost = (error: Error, waitMs: number) => {
    const known = connectionState.peek();
    const since = known.state === 'lost' ? known.since : Date.now();
    connectionState.value = { state: 'lost', since, detail: error.message, retryAt: Date.now() + waitMs };
  };
  const timer = setInterval(() => {
    if (!document.hidden && connectionState.peek().state === 'live') refreshAll();
  }, reconcileMs);
  const look = () => {
    if (!document.hidden) refreshAll();
  };
  document.addEventListener('visibilitychange', look);

  current = {
    client: made,
    refresh: refreshAll,
    end() {
      ending.abort();
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
      for (const refresher of refreshers) refresher.end();
      made.close();
    },
  };
  connectionState.value = { state: 'connecting' };
  // What may be asked for depends on who asks.
  void knowSession(made, ending.signal).then(() => {
    if (!ending.signal.aborted) void followEvents(made, ending.signal, { heard, lost });
  });
  restartWatches(made);
}

/** All that there is, for who may see it. */
export function chooseScope(): { readonly scope?: 'all' } {
  return seesAll.peek() ? { scope: 'all' } : {};
}

/** A page that is loaded again knows it already; rights change seldom, and are asked for once more with each look at everything. */
async function knowSession(made: TerrariumClient, signal: AbortSignal): Promise<void> {
  while (knownSession.peek() === null && !signal.aborted) {
    try {
      setSession(await made.access.session({ signal }));
    } catch {
      // Without an answer there is nothing to follow either: the next try may have one.
      await new Promise((resolve) => setTimeout(resolve, retryMs.first));
    }
  }
}

/** Forgets everything that the token could see. */
export function stopStore(): void {
  if (current === null) return;
  endWatches();
  current.end();
  current = null;
  store.engines.clear();
  store.containers.clear();
  store.networks.clear();
  store.labs.clear();
}

/** The client heals a connection that it had; where there never was one, or it gave up, this tries again. */
async function followEvents(
  made: TerrariumClient,
  signal: AbortSignal,
  { heard, lost }: { heard(news: EventNews): void; lost(error: Error, waitMs: number): void },
): Promise<void> {
  for (let waitMs: number = retryMs.first; !signal.aborted; waitMs = Math.min(waitMs * 2, retryMs.longest)) {
    try {
      for await (const news of made.subscribe({ topic: 'events', ...chooseScope() }, { signal })) {
        waitMs = retryMs.first;
        heard(news);
        for (const listener of listeners) listener(news);
      }
    } catch (error) {
      if (signal.aborted) return;
      lost(error instanceof TerrariumError ? error : new Error(String(error)), waitMs);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
