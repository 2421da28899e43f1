// The next server removes everything that a server left half-made when SIGKILL ended it, and does not touch the work of others. The test has an engine of
// its own, where no other server sweeps. `sweep-time.test.ts` measures the time.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import request from 'supertest';
import { startApp } from '../support/app.ts';
import {
  callDocker,
  createTestContainer,
  dockerApi,
  listContainerIds,
  removeContainer,
  removeNetwork,
} from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { managedLabels } from '../support/managed.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { letTimePass, type See, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

/** A server that can be killed, behind a proxy that can hold its calls back. */
async function startVictim(t: TestContext) {
  const proxy = await startEngineProxy(t);
  const server = await startServerProcess(t, { env: { DOCKER_HOST: proxy.endpoint } });
  return { proxy, server };
}

/** Sends a request whose answer never comes, or is not looked at. */
function send({ url, headers }: Pick<ServerProcess, 'url' | 'headers'>, method: string, path: string, body?: object) {
  const answer = fetch(`${url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  answer.catch(() => {}); // the server is killed meanwhile
  return answer;
}

const stateOf = async (name: string): Promise<string | undefined> =>
  (await dockerApi('GET', `/containers/${name}/json`)).body?.State?.Status;

/** Starts the next server, and waits until `isClean`. */
async function sweepWithNextServer(t: TestContext, what: string, isClean: (see: See) => Promise<boolean>) {
  await startApp(t);
  await waitFor(isClean, { what: `${what} to be gone` });
}

test('a container that was made and not started goes; what is not half-made, and what is not ours, stays', {
  skip,
}, async (t) => {
  const ended = await createTestContainer(t, { body: { Cmd: ['true'], Labels: managedLabels } });
  await callDocker('POST', `/containers/${ended.id}/wait`);
  const foreign = await createTestContainer(t, { start: false });
  const helperLike = await createTestContainer(t, { start: false, body: { Labels: { 'com.example.role': 'helper' } } });
  const witness = await startApp(t);
  const { proxy, server } = await startVictim(t);
  const name = uniqueName('half');
  t.after(() => removeContainer(name));
  proxy.hold(/^POST .*\/start/);
  send(server, 'POST', '/containers/closed', { name });
  await waitFor((see) => see(proxy.held).length === 1, { what: 'the start to be held back' });
  assert.equal(await stateOf(name), 'created');
  await server.kill('SIGKILL');
  await sweepWithNextServer(t, 'the container', async (see) => see(await stateOf(name)) === undefined);
  assert.equal(await stateOf(ended.id), 'exited');
  for (const { id } of [foreign, helperLike]) assert.equal(await stateOf(id), 'created');
  const shown = () => request(witness.url).get(`/api/v1/containers/${name}`).set(witness.headers);
  await waitFor(async (see) => see((await shown()).status) === 404, { what: 'a server that ran on to know' });
});

test('the network of a lab whose only container was never made', { skip }, async (t) => {
  const { proxy, server } = await startVictim(t);
  const lab = uniqueName('lab').toLowerCase();
  t.after(() => removeNetwork(`${lab}-default`));
  proxy.hold(/^POST .*\/containers\/create/);
  send(server, 'POST', '/containers/bridged', { name: uniqueName('half'), lab });
  await waitFor((see) => see(proxy.held).length === 1, { what: 'the create to be held back' });
  const isThere = async () => (await dockerApi('GET', `/networks/${lab}-default`)).status === 200;
  assert.ok(await isThere());
  await server.kill('SIGKILL');
  await sweepWithNextServer(t, 'the network', async (see) => !see(await isThere()));
});

/** Containers of ours that look into others, of every server on this engine. */
async function listServants(): Promise<string[]> {
  const roles = ['helper', 'probe'].map((role) => listContainerIds(`io.terrarium.role=${role}`));
  return (await Promise.all(roles)).flat();
}

test('a probe and a guard that were made and not started', { skip }, async (t) => {
  const { proxy, server } = await startVictim(t);
  const { id } = await createTestContainer(t, { body: { Labels: managedLabels } });
  await waitFor(async (see) => see((await send(server, 'GET', `/containers/${id}`)).status) === 200, {
    what: 'the server to know it',
  });
  proxy.hold(/^POST .*\/containers\/terrarium-[^/]*\/start/);
  send(server, 'GET', `/containers/${id}/netstat`);
  send(server, 'POST', `/containers/${id}/exec`, { command: ['sleep', '3600'], timeoutMs: 300_000 });
  await waitFor((see) => see(proxy.held).length === 2, { what: 'both starts to be held back' });
  assert.equal((await listServants()).length, 2);
  await server.kill('SIGKILL');
  await sweepWithNextServer(t, 'both', async (see) => see(await listServants()).length === 0);
});

test('a probe and a guard that run need no next server', { skip }, async (t) => {
  const { server } = await startVictim(t);
  const { id } = await createTestContainer(t, { body: { Labels: managedLabels } });
  await waitFor(async (see) => see((await send(server, 'GET', `/containers/${id}`)).status) === 200, {
    what: 'the server to know it',
  });
  assert.equal((await send(server, 'GET', `/containers/${id}/netstat`)).status, 200);
  send(server, 'POST', `/containers/${id}/exec`, { command: ['sleep', '3600'], timeoutMs: 300_000 });
  const states = async () => Promise.all((await listServants()).map((servant) => stateOf(servant)));
  await waitFor(async (see) => see((await states()).filter((state) => state === 'running')).length === 2, {
    what: 'two to run',
  });
  await server.kill('SIGKILL');
  await waitFor(async (see) => see(await states()).length === 0, { what: 'both to be gone' });
});

test('what another server is about to start is left to it', { skip }, async (t) => {
  const { proxy, server } = await startVictim(t);
  const name = uniqueName('slow');
  t.after(() => removeContainer(name));
  proxy.hold(/^POST .*\/start/);
  const answer = send(server, 'POST', '/containers/closed', { name });
  await waitFor((see) => see(proxy.held).length === 1, { what: 'the start to be held back' });
  const { Id: id } = await callDocker('GET', `/containers/${name}/json`);
  const witness = await startEngineProxy(t);
  const next = await startApp(t, { env: { DOCKER_HOST: witness.endpoint } });
  const readNext = async () =>
    (await request(next.url).get(`/api/v1/containers/${name}`).set(next.headers)).body.state as string;
  await waitFor(async (see) => see(await readNext()) === 'created', { what: 'the next server to know it' });
  proxy.release();
  assert.equal((await answer).status, 201);
  await waitFor(async (see) => see(await readNext()) === 'running', { what: 'the next server to know that it runs' });
  // The sweep has found it half-made. It reads it once more before it removes it.
  const countReads = () => witness.seen(new RegExp(`^GET \\S+/containers/${id}/json`));
  const before = countReads();
  await waitFor((see) => see(countReads()) > before, { what: 'the sweep to read it once more' });
  await letTimePass(500, 'a removal would follow at once');
  assert.equal(await stateOf(name), 'running');
});
