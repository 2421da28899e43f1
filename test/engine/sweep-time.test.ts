// @lane quiet
// Measures the time until the next server has removed everything that a server left half-made when SIGKILL ended it. docs/failures.md promises this time.
// `sweep.test.ts` tests the choice of the sweep. The test has an engine of its own, where no other server sweeps.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { startApp } from '../support/app.ts';
import { createTestContainer, dockerApi, listContainerIds, removeContainer } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { managedLabels } from '../support/managed.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { startServerProcess } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

/** The promise: milliseconds from the moment at which the next server has started. */
const promiseMs = 10_000;

test('ten seconds after the next start nothing half-made is left: a container, its network, a probe and a guard', {
  skip,
}, async (t) => {
  const proxy = await startEngineProxy(t);
  const { url, headers, kill } = await startServerProcess(t, { env: { DOCKER_HOST: proxy.endpoint } });
  const { id } = await createTestContainer(t, { body: { Labels: managedLabels } });
  const [name, lab] = [uniqueName('half'), uniqueName('lab').toLowerCase()];
  t.after(() => removeContainer(name));
  const send = (path: string, body?: object) => {
    const call = body && { method: 'POST', body: JSON.stringify(body) };
    const type = body && { 'content-type': 'application/json' };
    const answer = fetch(`${url}/api/v1${path}`, { ...call, headers: { ...headers, ...type } });
    answer.catch(() => {}); // the server is killed meanwhile
    return answer;
  };
  await waitFor(async (see) => see((await send(`/containers/${id}`)).status) === 200, {
    what: 'the server to know it',
  });
  proxy.hold(/^POST .*\/containers\/[^/]*\/start/);
  send('/containers/bridged', { name, lab });
  send(`/containers/${id}/netstat`);
  send(`/containers/${id}/exec`, { command: ['sleep', '3600'], timeoutMs: 300_000 });
  await waitFor((see) => see(proxy.held).length === 3, { what: 'the three starts to be held back' });
  const read = async () => [
    await readStatus(`/containers/${name}/json`),
    await readStatus(`/networks/${lab}-default`),
    (await listContainerIds('io.terrarium.role=probe')).length,
    (await listContainerIds('io.terrarium.role=helper')).length,
  ];
  assert.deepEqual(await read(), [200, 200, 1, 1]);
  await kill('SIGKILL');
  await startApp(t);
  const startedAt = performance.now();
  await waitFor(async (see) => see(await read()).join() === '404,404,0,0', { what: 'all of it to be gone' });
  const tookMs = performance.now() - startedAt;
  t.diagnostic(`all of it was gone after ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < promiseMs, `all of it was gone after ${Math.round(tookMs)} ms`);
});

async function readStatus(path: string): Promise<number> {
  return (await dockerApi('GET', path)).status;
}
