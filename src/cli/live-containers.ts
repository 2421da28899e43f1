// What is going on in many containers at once, kept by subscriptions: which there are, who listens, what flows. It prints nothing.
import type { EventContainer, Ifconfig, Netstat, TerrariumClient } from '../client/node.ts';

export interface LiveContainer {
  readonly id: string;
  container: EventContainer;
  sockets: Netstat | null;
  interfaces: Ifconfig | null;
  /** `live`, `stale`, `stopped`. */
  standing: string;
  readonly leaving: AbortController;
}

export interface LiveWish {
  readonly lab?: string;
  readonly engine?: string;
  /** Names or ids; none: every one. */
  readonly names: readonly string[];
  readonly intervalMs?: number;
  readonly signal: AbortSignal;
}

/** Everything that is watched, as often as something has changed, and no more often than it is read. */
export async function* watchContainers(
  client: TerrariumClient,
  wish: LiveWish,
): AsyncGenerator<readonly LiveContainer[]> {
  const live = new Map<string, LiveContainer>();
  let tell: () => void = () => {};
  let changed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  let failure: { error: unknown } | null = null;
  const { signal, lab, engine, names, intervalMs } = wish;
  const stopping = new AbortController();
  const stop = AbortSignal.any([signal, stopping.signal]);

  const follow = async (member: LiveContainer, topic: 'netstat' | 'ifconfig') => {
    const ending = AbortSignal.any([stop, member.leaving.signal]);
    const pace = intervalMs === undefined ? {} : { intervalMs };
    const on = { container: member.id, engine: member.container.engine, ...pace };
    const observations =
      topic === 'netstat'
        ? client.subscribe({ topic, options: 'tuwan', ...on }, { signal: ending })
        : client.subscribe({ topic, ...on }, { signal: ending });
    for await (const { data, state } of observations) {
      if (data !== null && 'sockets' in data) member.sockets = data;
      if (data !== null && 'interfaces' in data) member.interfaces = data;
      member.standing = state;
      tell();
    }
  };
  const keep = (container: EventContainer) => {
    const { id } = container;
    if (names.length > 0 && !names.some((name) => name === container.name || (name.length > 3 && id.startsWith(name))))
      return;
    const known = live.get(id);
    if (known !== undefined) {
      known.container = container;
      return;
    }
    const member: LiveContainer = {
      id,
      container,
      sockets: null,
      interfaces: null,
      standing: '',
      leaving: new AbortController(),
    };
    live.set(id, member);
    for (const topic of ['netstat', 'ifconfig'] as const) follow(member, topic).catch(() => {}); // its removal is an event
  };
  const drop = (id: string) => {
    live.get(id)?.leaving.abort();
    live.delete(id);
  };
  const listen = async () => {
    const events = client.subscribe(
      { topic: 'events', ...(lab !== undefined && { lab }), ...(engine !== undefined && { engine }) },
      { signal: stop },
    );
    for await (const news of events) {
      if (news.type === 'snapshot') {
        const present = new Set(news.data.containers.map(({ id }) => id));
        for (const id of [...live.keys()]) if (!present.has(id)) drop(id);
        for (const container of news.data.containers) keep(container);
      }
      if (news.type === 'event' && news.container !== null) {
        if (news.event === 'container.removed') drop(news.container.id);
        else keep(news.container);
      }
      tell();
    }
  };

  try {
    listen().catch((error: unknown) => {
      failure = { error };
      tell();
    });
    for (;;) {
      await changed;
      if (failure !== null) throw (failure as { error: unknown }).error;
      changed = new Promise((resolve) => {
        tell = resolve;
      });
      yield [...live.values()].sort((one, other) => (one.container.name < other.container.name ? -1 : 1));
    }
  } finally {
    stopping.abort();
    for (const { leaving } of live.values()) leaving.abort();
  }
}
