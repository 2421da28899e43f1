// Everything that clients can hold of a server at one time: streams of every kind over every carrier, terminals that would rather stay, and
// commands. Each is known to be under way when `visit` resolves.
import { request } from 'node:http';
import type { Cleanup } from './engine.ts';
import { connectStream, type StreamClient } from './stream-client.ts';
import { openTerminal, type TerminalClient } from './terminal-client.ts';
import { waitFor } from './wait-for.ts';

export interface Host {
  readonly url: string;
  readonly headers: { readonly authorization: string };
}

export interface VisitedContainers {
  /** Without a TTY; has busybox. */
  readonly plain: string;
  /** Its main process is a shell on a TTY, to be attached to. */
  readonly shell: string;
}

export interface Visit {
  /** All have what they came for. */
  settled(): Promise<void>;
  /** Every client goes: with a goodbye, or by a reset of its connection. */
  leave(how: 'politely' | 'rudely'): void;
}

/** Begins it all, and waits for nothing: who is refused or cut says so in `settled`. */
export function visit(cleanup: Cleanup, host: Host, { plain, shell }: VisitedContainers): Visit {
  const leaving: ((how: 'politely' | 'rudely') => void)[] = [];
  let hasLeft = false;
  const onLeave = (step: (how: 'politely' | 'rudely') => void) => (hasLeft ? step('rudely') : void leaving.push(step));

  const stream = async (
    path: string,
    says: object[] = [],
    isThere = (client: StreamClient) => client.data !== null,
  ) => {
    const client = await connectStream(cleanup, `${host.url}/api/v1/${path}`, { headers: { ...host.headers } });
    onLeave((how) => (how === 'politely' ? client.socket.close() : client.socket.terminate()));
    for (const one of says) client.socket.send(JSON.stringify(one));
    await client.until(`what ${path} has to say`, isThere);
  };
  const follow = (path: string, accept: string) =>
    new Promise<void>((resolve, reject) => {
      const call = request(`${host.url}/api/v1/${path}`, { headers: { ...host.headers, accept }, agent: false });
      onLeave(() => call.destroy());
      call.on('error', reject);
      call.on('response', (answer) => {
        answer.on('error', () => {});
        answer.on('data', () => resolve());
      });
      call.end();
    });
  const terminal = async (
    container: string,
    query: Record<string, string>,
    greet: (client: TerminalClient) => Promise<unknown>,
  ) => {
    const client = await openTerminal(cleanup, host, container, query);
    onLeave((how) => (how === 'politely' ? client.socket.close() : client.socket.terminate()));
    await greet(client);
  };
  const command = () => {
    const call = request(`${host.url}/api/v1/containers/${plain}/exec`, {
      method: 'POST',
      headers: { ...host.headers, 'content-type': 'application/json' },
      agent: false,
    });
    onLeave(() => call.destroy());
    call.on('error', () => {});
    call.end(JSON.stringify({ command: ['sleep', '7001'], timeoutMs: 60_000 }));
  };

  command();
  const under = Promise.all([
    stream(`containers/${plain}/netstat?intervalMs=100`),
    stream(`containers/${plain}/netstat?options=tl&format=both`),
    stream(`containers/${shell}/ifconfig?intervalMs=100`),
    stream('events', [], (client) => client.of('snapshot').length > 0),
    stream(
      'stream',
      [
        { type: 'subscribe', id: 'n', topic: 'netstat', container: shell },
        { type: 'subscribe', id: 'i', topic: 'ifconfig', container: plain },
        { type: 'subscribe', id: 'e', topic: 'events' },
        { type: 'subscribe', id: 'l', topic: 'logs', container: plain },
      ],
      (client) => client.of('subscribed').length === 4 && client.of('snapshot').length >= 3,
    ),
    follow(`containers/${plain}/netstat`, 'application/x-ndjson'),
    follow('events', 'application/x-ndjson'),
    follow('events', 'text/event-stream'),
    follow(`containers/${plain}/logs?follow=true`, 'application/x-ndjson'),
    terminal(plain, {}, async (client) => {
      client.type('trap "" HUP TERM INT; setsid sleep 7002 & (sleep 7003 &); echo at "home"; sleep 7004\n');
      await client.until(/at home/);
    }),
    terminal(shell, { attach: 'true' }, (client) => client.until(/[#$] /)),
  ]);
  under.catch(() => {}); // who waits for `settled` is told
  return {
    settled: async () => void (await under),
    leave(how) {
      hasLeft = true;
      for (const step of leaving.splice(0)) step(how);
    },
  };
}

/** Waits until the server knows the containers. */
export async function awaitKnown(host: Host, containers: VisitedContainers): Promise<void> {
  for (const id of Object.values(containers)) {
    await waitFor(
      async (see) =>
        see((await fetch(`${host.url}/api/v1/containers/${id}`, { headers: host.headers })).status) === 200,
      { what: `${id} to be known` },
    );
  }
}
