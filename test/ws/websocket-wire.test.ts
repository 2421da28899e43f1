// Frames that go past ws to the connection, as a real client of ws takes them: whole, in order with what ws itself sends, and none after a close.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { textFrame } from '../../src/streams/websocket-frame.ts';
import { websocketWire } from '../../src/streams/websocket-wire.ts';
import type { Wire } from '../../src/streams/wire.ts';
import { type See, waitFor } from '../support/wait-for.ts';

/** A wire, and all that its client sees, in order. */
async function connect(t: TestContext): Promise<{ wire: Wire; socket: WebSocket; client: WebSocket; seen: string[] }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  t.after(() => server.close());
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => client.terminate());
  const seen: string[] = [];
  client.on('message', (data, isBinary) => seen.push(isBinary ? 'binary' : String(data)));
  client.on('ping', () => seen.push('ping'));
  client.on('close', (code, reason) => seen.push(`close ${code} ${reason}`));
  const [socket, request] = await once(server, 'connection');
  await waitFor((see) => see(client.readyState) === WebSocket.OPEN, { what: 'the client to be open' });
  return { wire: websocketWire(socket, request.socket), socket, client, seen };
}

const send = (wire: Wire, text: string) => new Promise<void>((resolve) => wire.send(Buffer.from(text), resolve));

test('a message of any length comes whole, in order with pings, and the close is last', async (t) => {
  const { wire, seen } = await connect(t);
  const said: string[] = [];
  // Each side of every bound of the length's encoding; and letters of several bytes.
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 300_000]) said.push('x'.repeat(length));
  said.push('网络 🌱');
  for (const text of said) {
    void send(wire, text);
    wire.ping();
  }
  wire.close(4404, 'removed');
  await waitFor((see) => see(seen.at(-1))?.startsWith('close'), { what: 'the close' });
  assert.deepEqual(seen, [...said.flatMap((text) => [text, 'ping']), 'close 4404 removed']);
});

test('what is sent after the close is called back, and never comes', async (t) => {
  const { wire, seen } = await connect(t);
  await send(wire, 'before');
  wire.close(1000, '');
  await send(wire, 'while it closes');
  await waitFor((see) => see(seen.at(-1))?.startsWith('close'), { what: 'the close' });
  await send(wire, 'after');
  assert.deepEqual(seen, ['before', 'close 1000 ']);
});

test('what is sent to a client that is cut off is called back', async (t) => {
  const { wire, socket, client } = await connect(t);
  client.terminate();
  const sendOne = async (see: See) => {
    await send(wire, 'x'.repeat(100_000));
    return see(socket.readyState) === WebSocket.CLOSED;
  };
  await waitFor(sendOne, { what: 'the server to notice the cut', intervalMs: 5 });
  await send(wire, 'after the cut');
});

test('a payload is framed once, however many clients get it', () => {
  const payload = Buffer.from('{}');
  assert.equal(textFrame(payload), textFrame(payload));
  assert.notEqual(textFrame(Buffer.from('{}')), textFrame(payload));
});
