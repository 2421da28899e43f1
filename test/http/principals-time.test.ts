// @lane quiet
// Measures the time from the removal of a principal from the tokens file to the end of everything that it has open. docs/access.md promises a second.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApp } from '../support/app.ts';
import { makeTokensFile } from '../support/principals.ts';
import { send } from '../support/raw-http.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

test('a principal that is removed from the tokens file is logged out within a second', async (t) => {
  const file = await makeTokensFile(t, { teacher: { role: 'admin' }, anna: {} });
  const server = await startApp(t, { env: { TERRARIUM_TOKENS_FILE: file.path } });
  const headers = file.headersOf('anna');
  const sockets = [
    await connectStream(t, `${server.url}/api/v1/stream`, { headers }),
    await connectStream(t, `${server.url}/api/v1/events`, { headers }),
  ];
  const followed = await fetch(`${server.url}/api/v1/events`, {
    headers: { ...headers, accept: 'application/x-ndjson' },
  });
  assert.equal(followed.status, 200);
  let isCut = false;
  void followed.text().catch(() => {
    isCut = true;
  });

  const began = performance.now();
  await file.write({ teacher: { role: 'admin' } });
  await waitFor((see) => see(sockets.map(({ closed }) => closed?.code)).every(Boolean) && see(isCut), {
    what: 'all of anna to be over',
    intervalMs: 5,
  });
  const tookMs = performance.now() - began;
  assert.deepEqual(
    sockets.map(({ closed }) => closed?.code),
    [4401, 4401],
  );
  t.diagnostic(`all was over after ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < 1_000, `${tookMs} ms`);
  assert.equal((await send(server.url, { path: '/api/v1/session', headers })).status, 401);
});
