// What is left of a WebSocket's first request: nothing, or each of a thousand watchers would cost its headers, reply and logger for as long as it
// watches.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Fastify from 'fastify';
import { WebSocket } from 'ws';
import { websocket } from '../../src/plugins/websocket.ts';
import { describePrincipal } from '../../src/services/access.ts';
import { createLogin } from '../../src/services/credentials/logins.ts';
import { waitFor } from '../support/wait-for.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

test('an open socket keeps neither its request nor its reply', async (t) => {
  const app = Fastify();
  t.after(() => app.close());
  const parts: { name: string; ref: WeakRef<object> }[] = [];
  const principal = describePrincipal('admin', 'admin');
  const login = createLogin({ principal, kind: 'token', expiresAt: null });
  app.decorateRequest('login', { getter: () => login });
  await websocket(app);
  app.addHook('onRequest', (request, reply, done) => {
    const all = { request, reply, message: request.raw, response: reply.raw };
    for (const [name, part] of Object.entries(all)) parts.push({ name, ref: new WeakRef(part) });
    done();
  });
  app.route({
    method: 'GET',
    url: '/echo',
    handler: () => 'no socket',
    wsHandler(socket: WebSocket) {
      socket.on('message', (data) => socket.send(data));
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const client = new WebSocket(`ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/echo`);
  t.after(() => client.terminate());
  await once(client, 'open');
  assert.equal(parts.length, 4);
  await waitFor(
    (see) => {
      collectGarbage();
      return see(parts).every(({ ref }) => ref.deref() === undefined);
    },
    {
      what: `${parts.filter(({ ref }) => ref.deref() !== undefined).map(({ name }) => name)} to be let go of`,
      intervalMs: 20,
    },
  );
  client.send('still here');
  const [said] = await once(client, 'message');
  assert.equal(String(said), 'still here');
});
