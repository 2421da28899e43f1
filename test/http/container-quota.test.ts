// One user has so many containers, and no more, however many requests come at once. On an engine of its own: others' containers would count too.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { startApp } from '../support/app.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';

const skip = whyNoPrivateEngine();

test('a container too many is refused, also among requests at once, and leaves nothing', { skip }, async () => {
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest' });
  const { url, headers } = await startApp(
    { after },
    { config: { engines: [{ name: 'own', endpoint: engine.host, insecure: false }], maxContainers: 4 } },
  );
  const call = (method: 'post' | 'put' | 'delete', path: string, body?: object) =>
    request(url)[method](`/api/v1${path}`).set(headers).send(body);
  const namesOnEngine = async () =>
    (await engine.docker('ps', '--all', '--filter', 'label=io.terrarium.managed=true', '--format', '{{.Names}}')).stdout
      .split('\n')
      .filter((name) => name !== '')
      .sort();

  // What a lab has counts.
  const lab = await call('put', '/labs/small', { containers: { one: { mode: 'closed' } } });
  assert.equal(lab.status, 200, JSON.stringify(lab.body));

  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, at) => call('post', '/containers/closed', { name: `many-${at}` })),
  );
  const made = answers.filter(({ status }) => status === 201).map(({ body }) => body.name);
  const refused = answers.filter(({ status }) => status !== 201);
  assert.equal(made.length, 3);
  for (const { status, body } of refused) {
    assert.deepEqual([status, body.code], [409, 'quota_exceeded'], JSON.stringify(body));
    assert.match(body.detail, /^admin has 4 containers, and may have 4$/);
  }
  assert.deepEqual(await namesOnEngine(), [...made, 'small-one'].sort());

  // A lab that would come to more is refused before anything of it is made.
  const large = await call('put', '/labs/large', { containers: { one: { mode: 'closed' }, two: { mode: 'closed' } } });
  assert.deepEqual([large.status, large.body.code], [409, 'quota_exceeded'], JSON.stringify(large.body));
  assert.match(large.body.detail, /^admin would have 6 containers, and may have 4$/);
  assert.deepEqual(await namesOnEngine(), [...made, 'small-one'].sort());

  // A place that is freed is free, by whatever: a removal, or a create that fails.
  assert.equal((await call('delete', `/containers/${made[0]}`)).status, 204);
  const failed = await call('post', '/containers/closed', { name: 'fails', command: ['no-such-program'] });
  assert.equal(failed.status, 422, JSON.stringify(failed.body));
  assert.equal((await call('post', '/containers/closed', { name: 'again' })).status, 201);
  assert.equal((await call('post', '/containers/closed', { name: 'late' })).status, 409);
  // A retry of what was made is no further container.
  assert.equal((await call('delete', '/containers/again')).status, 204);
  const withKey = () => call('post', '/containers/closed', {}).set('idempotency-key', 'quota');
  assert.equal((await withKey()).status, 201);
  assert.deepEqual((await withKey()).status, 201);
});
