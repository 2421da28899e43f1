// Readers that do not keep up, on real sockets: they cost little, hurt nobody, and are let go.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { Hub } from '../../src/streams/hub.ts';
import { outboxLimits } from '../../src/streams/outbox.ts';
import { websocketWire } from '../../src/streams/websocket-wire.ts';
import { PlayedSubject, type Row } from '../support/played-stream.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

/** A server whose clients all follow one subject. */
async function serve(stallMs: number) {
  const hub = new Hub({ bootId: 'boot', heartbeatMs: 3_600_000, limits: { ...outboxLimits, stallMs } });
  const subject = new PlayedSubject();
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket, request) =>
    hub.connect(websocketWire(socket, request.socket)).subscribe(subject, { intervalMs: 0 }),
  );
  after(() => {
    hub.close();
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await once(server, 'listening');
  return { subject, server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A state of about a megabyte, another one for each n: no delta, as the rest differs. */
const state = (n: number): [Row[], { rest: string }] => [
  Array.from({ length: 10_000 }, (_, i) => ({
    id: `row-with-a-name-that-makes-it-as-long-as-a-socket/${i}`,
    value: n,
  })),
  { rest: String(n) },
];

test('who stops reading is closed with 1013; what waits for it stays bounded; the others get every state', async () => {
  const { subject, server, url } = await serve(3_000);
  const slow = await connectStream({ after }, url);
  const fast = await connectStream({ after }, url);
  slow.socket.pause();
  const queued = () => Math.max(...[...server.clients].map(({ bufferedAmount }) => bufferedAmount));
  let n = 0;
  let most = 0;
  const isAnyLetGo = () => [...server.clients].some(({ readyState }) => readyState === WebSocket.CLOSING);
  const publish = async () => {
    n += 1;
    subject.publish(...state(n));
    await fast.until(`state ${n}`, () => fast.data?.rest === String(n));
    most = Math.max(most, queued());
    return isAnyLetGo();
  };
  await waitFor(publish, { what: 'the server to close the slow reader', intervalMs: 10 });
  assert.ok(most < 5_000_000, `${most} bytes waited`);
  assert.ok(n > 10, `${n} states went to the fast one meanwhile`);
  slow.socket.resume();
  const end = await waitFor(() => slow.closed, { what: 'the close of the slow reader' });
  assert.equal(end.code, 1013);
  assert.equal(fast.closed, undefined);
});

test('who only pauses skips states and is never wrong', async () => {
  const { subject, url } = await serve(30_000);
  const client = await connectStream({ after }, url);
  subject.publish(...state(0));
  await client.until('the first state', ({ data }) => data);
  client.socket.pause();
  for (let n = 1; n <= 50; n += 1) {
    subject.publish(...state(n));
    await new Promise(setImmediate);
  }
  client.socket.resume();
  await client.until('the newest state', () => client.data?.rest === '50');
  assert.ok(client.of('snapshot').length < 25, `${client.of('snapshot').length} of 51 states were sent`);
  assert.equal(client.data?.sockets[0].value, 50);
});
