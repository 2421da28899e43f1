// Idempotency-Key: one key, one container, whatever is retried, when, and through which server.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { type Api, useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { type Cleanup, dockerApi, listContainerIds, removeContainer } from '../support/engine.ts';
import { uniqueName } from '../support/run-id.ts';

const server = await startApp({ after });
const other = await startApp({ after });

/** Posts with a key; what was made is removed after the test. */
async function postWith(
  t: Cleanup,
  key: string,
  body: object,
  { mode = 'closed', api = useApi(server, t) as Api } = {},
) {
  const answer = await api.post(`/containers/${mode}`, body).set('idempotency-key', key);
  if (answer.status === 201) t.after(() => removeContainer(answer.body.id));
  return answer;
}

test('a retry gets the first result again', async (t) => {
  const key = uniqueName('key');
  const first = await postWith(t, key, { env: { A: '1', B: '2' } });
  assert.equal(first.status, 201);
  assert.match(first.body.name, /^t-[0-9a-f]{20}$/);
  assert.equal(first.headers['idempotency-replayed'], undefined);
  const again = await postWith(t, key, { env: { B: '2', A: '1' } });
  assert.deepEqual([again.status, again.body, again.headers['idempotency-replayed']], [201, first.body, 'true']);
  assert.equal(again.headers.location, first.headers.location);
  const another = await postWith(t, uniqueName('key'), { env: { A: '1', B: '2' } });
  assert.notEqual(another.body.id, first.body.id);
});

test('retries that come while the first is under way wait for it, also on another server', async (t) => {
  const key = uniqueName('key');
  const servers = [server, other, server, other, server];
  const answers = await Promise.all(servers.map((one) => postWith(t, key, {}, { api: useApi(one, t) })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201, 201, 201, 201],
    JSON.stringify(answers.map(({ body }) => body.detail)),
  );
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  assert.ok(answers.every(({ body }) => body.state === 'running'));
  assert.equal(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length, 1);
  const [{ body }] = answers as [(typeof answers)[0]];
  assert.equal(
    (await listContainerIds(`io.terrarium.request=${(await labelsOf(body.id))['io.terrarium.request']}`)).length,
    1,
  );
});

async function labelsOf(id: string): Promise<Record<string, string>> {
  return (await dockerApi('GET', `/containers/${id}/json`)).body.Config.Labels;
}

test('the same key with another request is a conflict, before and after the first is done', async (t) => {
  const key = uniqueName('key');
  const [first, during] = await Promise.all([postWith(t, key, {}), postWith(t, key, { env: { A: '1' } })]);
  assert.deepEqual([first.status, during.status].sort(), [201, 409]);
  for (const [mode, body] of [
    ['closed', { command: ['sleep', '5'] }],
    ['bridged', {}],
  ] as const) {
    for (const one of [server, other]) {
      const { status, body: problem } = await postWith(t, key, body, { mode, api: useApi(one, t) });
      assert.deepEqual([status, problem.code], [409, 'idempotency_conflict']);
      assert.ok(problem.hint);
    }
  }
});

test('the first result is remembered by the engine, not by the server', async (t) => {
  const key = uniqueName('key');
  const first = await postWith(t, key, {});
  const later = await startApp(t);
  const again = await postWith(t, key, {}, { api: useApi(later, t) });
  assert.deepEqual([again.status, again.body.id, again.headers['idempotency-replayed']], [201, first.body.id, 'true']);
});

test('a retry is answered though the world has changed: its target is gone', async (t) => {
  const key = uniqueName('key');
  const target = await useApi(server, t).create('closed');
  const first = await postWith(t, key, { target: target.name }, { mode: 'joined' });
  await useApi(server, t).delete(`/containers/${target.id}`);
  const again = await postWith(t, key, { target: target.name }, { mode: 'joined' });
  assert.deepEqual([again.status, again.body.id, again.body.orphanReason], [201, first.body.id, 'target_removed']);
});

test('with a name, the name is the lock', async (t) => {
  const name = uniqueName('named');
  const key = uniqueName('key');
  const answers = await Promise.all([server, other].map((one) => postWith(t, key, { name }, { api: useApi(one, t) })));
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.name]),
    [
      [201, name],
      [201, name],
    ],
  );
  assert.equal(answers[0]?.body.id, answers[1]?.body.id);
  const foreign = await postWith(t, uniqueName('key'), { name });
  assert.deepEqual([foreign.status, foreign.body.code, foreign.body.field], [409, 'name_taken', 'name']);
});

test('a key whose request failed is free again', async (t) => {
  const key = uniqueName('key');
  const failed = await postWith(t, key, { command: ['/no/such/program'] });
  assert.equal(failed.status, 422);
  const corrected = await postWith(t, key, { command: ['sleep', '100'] });
  assert.equal(corrected.status, 201);
  assert.equal(corrected.headers['idempotency-replayed'], undefined);
});

test('a caller with a key may leave: the retry finds what was made', async (t) => {
  const key = uniqueName('key');
  const caller = new AbortController();
  const left = fetch(`${server.url}/api/v1/containers/closed`, {
    method: 'POST',
    headers: { ...server.headers, 'content-type': 'application/json', 'idempotency-key': key },
    body: '{}',
    signal: caller.signal,
  }).catch(() => 'left');
  setTimeout(() => caller.abort(), 60);
  await left;
  const { status, body } = await postWith(t, key, {});
  assert.equal(status, 201, JSON.stringify(body));
  assert.equal(
    (await listContainerIds(`io.terrarium.request=${(await labelsOf(body.id))['io.terrarium.request']}`)).length,
    1,
  );
});

test('a key is 1 to 255 visible characters', async (t) => {
  for (const key of ['', 'x'.repeat(256), 'tab\tinside', 'ünïcode']) {
    const { status, body } = await postWith(t, key, {});
    assert.deepEqual([status, body.code, body.field], [400, 'invalid_request', 'idempotency-key'], JSON.stringify(key));
  }
});
