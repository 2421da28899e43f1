// @lane quiet
// The life time of a container is kept to the second. Here real time is judged, on an engine of the test's own.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { dockerApi } from '../support/engine.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

test('a container lives as long as its ttl says, to the second', { skip }, async (t) => {
  const api = useApi(await startApp(t), t);
  const isThere = async (id: string) => (await dockerApi('GET', `/containers/${id}/json`)).status === 200;
  const { id, expiresAt } = await api.create('closed', { ttl: '2s' });
  const expiry = Date.parse(expiresAt ?? '');
  assert.ok(Math.abs(expiry - Date.now() - 2_000) < 1_500, `${expiresAt} is not two seconds from now`);
  await letTimePass(expiry - 300 - Date.now(), 'the life of the container goes on until the moment before its end');
  assert.ok(await isThere(id), 'it went before its time');
  await waitFor(async (see) => !see(await isThere(id)), { what: 'the container to be gone' });
  assert.ok(Date.now() - expiry < 2_000, `${Date.now() - expiry} ms late`);
});
