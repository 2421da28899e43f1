// One example of each message of terrarium.v1, as the AsyncAPI document shows it. A test holds them against the schemas and says them to a
// real server.
import type { EngineStateFrame, ServerFrame, StreamKey } from './stream.ts';
import type { SubscribeFrame, UnsubscribeFrame } from './subscription.ts';

const container = '4f6f1f0c2a7b4be0a3b1c8f4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708';
const at = '2026-01-31T12:00:02.000Z';
const key: StreamKey = { topic: 'netstat', container, options: 'tan', format: 'json' };
const namespace = { id: `local~${container}~2026-01-31T11:59:00.123456789Z`, inode: 4026532281 };

const listener = (inode: number, port: number) => ({
  id: `tcp6/${inode}`,
  protocol: 'tcp6',
  recvQ: 0,
  sendQ: 0,
  local: { address: '::', port },
  remote: { address: '::', port: 0 },
  state: 'LISTEN',
});

type ServerExamples = { readonly [Type in ServerFrame['type']]: Extract<ServerFrame, { type: Type }> };

/** What the server says, by type. */
export const serverExamples: ServerExamples = {
  hello: {
    type: 'hello',
    version: 'terrarium.v1',
    bootId: '0f9c6a52-3f0e-4d3c-9a51-6f7d8e9fa0b1',
    heartbeatMs: 20_000,
  },
  subscribed: { type: 'subscribed', id: 'web-sockets', key },
  snapshot: {
    type: 'snapshot',
    key,
    seq: 41,
    at,
    data: {
      container: { id: container, name: 'web' },
      namespace,
      asOf: '2026-01-31T12:00:01.990Z',
      truncated: false,
      sockets: [listener(26360, 2222)],
    },
  },
  delta: {
    type: 'delta',
    key,
    base: 41,
    seq: 42,
    at,
    asOf: '2026-01-31T12:00:01.990Z',
    added: [listener(26377, 1111)],
    removed: [],
    changed: [],
  },
  event: {
    type: 'event',
    seq: 318,
    at,
    event: 'container.stopped',
    engine: 'local',
    lab: 'demo',
    container: {
      id: container,
      name: 'web',
      engine: 'local',
      managed: true,
      lab: 'demo',
      mode: 'bridged',
      state: 'exited',
      startedAt: '2026-01-31T11:59:00.123456789Z',
      exitCode: 0,
      networks: ['bridge'],
      orphanReason: null,
    },
    namespace: null,
  },
  log: {
    type: 'log',
    key: { topic: 'logs', container, options: 'tail=100', format: 'json' },
    lines: [{ stream: 'stdout', at: '2026-01-31T12:00:01.123456789Z', line: 'ready' }],
  },
  state: { type: 'state', key, state: 'stopped', reason: 'exited', since: at },
  gap: { type: 'gap', from: 12, to: 317, reason: 'overrun' },
  heartbeat: { type: 'heartbeat', at },
  error: {
    type: 'error',
    code: 'container_not_found',
    detail: 'There is no container "wbe"',
    hint: 'GET /api/v1/containers lists those that Terrarium manages; ?scope=all lists every one',
    id: 'web-sockets',
  },
};

/** The other kind of `state`. */
export const engineStateExample: EngineStateFrame = {
  type: 'state',
  engine: 'local',
  state: 'stale',
  reason: 'The engine does not answer',
  since: at,
};

/** What a client says on `/stream`. */
export const clientExamples: {
  readonly subscribe: readonly SubscribeFrame[];
  readonly unsubscribe: readonly UnsubscribeFrame[];
} = {
  subscribe: [
    { type: 'subscribe', id: 'web-sockets', topic: 'netstat', container: 'web', options: 'tan', intervalMs: 250 },
    { type: 'subscribe', id: 'demo-interfaces', topic: 'ifconfig', lab: 'demo', options: 'a', format: 'both' },
    { type: 'subscribe', id: 'demo-events', topic: 'events', lab: 'demo' },
    { type: 'subscribe', id: 'web-log', topic: 'logs', container: 'web', tail: 10 },
  ],
  unsubscribe: [{ type: 'unsubscribe', id: 'web-sockets' }],
};
