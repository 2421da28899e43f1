// What an engine refuses about one container says nothing about the others; that its host's `ps` does not fit concerns all.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { startEngineRelay } from '../support/engine-relay.ts';

const relay = await startEngineRelay({ after });
const server = await startApp({ after }, { env: { DOCKER_HOST: relay.endpoint } });

test('processes that end just now, and a ps that does not fit', async (t) => {
  const api = useApi(server, t);
  const [one, other] = await Promise.all([api.create('closed'), api.create('closed')]);
  // The scout that would tell what is the host's own cannot be attached to through the relay.
  for (let turn = 0; turn < 20; turn += 1) relay.answerNext(/POST \S*\/attach/, 500, 'not here');
  const refuse = (id: string, message: string) =>
    relay.answerNext(new RegExp(`GET \\S*/containers/${id}/top`), 500, message);
  const readPids = async (id: string): Promise<number[] | null> =>
    (await api.get(`/containers/${id}/namespaces`)).body.pids;

  // Whoever looks again in a moment finds the next run, or none.
  refuse(one.id, 'cgroups: cgroup deleted: unknown');
  assert.equal((await readPids(one.id))?.length, 1);

  for (let turn = 0; turn < 3; turn += 1) refuse(one.id, 'cgroups: cgroup deleted: unknown');
  assert.equal(await readPids(one.id), null);
  assert.equal((await readPids(other.id))?.length, 1, 'the others are seen');
  assert.equal((await readPids(one.id))?.length, 1, 'and so is this one, the next time');

  refuse(other.id, 'ps: error: unsupported option');
  assert.equal(await readPids(other.id), null);
  assert.equal(await readPids(one.id), null, 'nobody is asked for in vain');
});
