// What a server leaves half-made when it is killed with SIGKILL is gone soon after the next start, and what others are at is not
// touched. On an engine of the test's own, where no other server sweeps.
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
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

/** The promise: milliseconds from the next start. */
const promiseMs = 10_000;

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

/** Starts the next server, and waits until `isClean`; fails where that takes longer than promised. */
async function sweepWithNextServer(t: TestContext, what: string, isClean: () => Promise<boolean>): Promise<void> {
  const startedAt = Date.now();
  await startApp(t);
  await waitFor(isClean, { what: `${what} to be gone`, timeoutMs: promiseMs });
  assert.ok(Date.now() - startedAt < promiseMs);
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
  await sweepWithNextServer(t, 'the container', async () => (await stateOf(name)) === undefined);
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
  await sweepWithNextServer(t, 'the network', async () => !(await isThere()));
});

/** Containers of ours that look into others, of every server on this engine. */
async function listServants(): Promise<string[]> {
  const roles = ['helper', 'probe'].map((role) => listContainerIds(`io.terrarium.role=${role}`));
  return (await Promise.all(roles)).flat();
}

test('a probe and a guard that were made and not started', { skip }, async (t) => {
  const { proxy, server } = await startVictim(t);
  const { id } = await createTestContainer(t, { body: { Labels: managedLabels } });
  await waitFor(async () => (await send(server, 'GET', `/containers/${id}`)).ok, { what: 'the server to know it' });
  proxy.hold(/^POST .*\/containers\/terrarium-[^/]*\/start/);
  send(server, 'GET', `/containers/${id}/netstat`);
  send(server, 'POST', `/containers/${id}/exec`, { command: ['sleep', '30'], timeoutMs: 60_000 });
  await waitFor((see) => see(proxy.held).length === 2, { what: 'both starts to be held back' });
  assert.equal((await listServants()).length, 2);
  await server.kill('SIGKILL');
  await sweepWithNextServer(t, 'both', async () => (await listServants()).length === 0);
});

test('a probe and a guard that run need no next server', { skip }, async (t) => {
  const { server } = await startVictim(t);
  const { id } = await createTestContainer(t, { body: { Labels: managedLabels } });
  await waitFor(async () => (await send(server, 'GET', `/containers/${id}`)).ok, { what: 'the server to know it' });
  assert.equal((await send(server, 'GET', `/containers/${id}/netstat`)).status, 200);
  send(server, 'POST', `/containers/${id}/exec`, { command: ['sleep', '30'], timeoutMs: 60_000 });
  const states = async () => Promise.all((await listServants()).map((servant) => stateOf(servant)));
  await waitFor(async (see) => see((await states()).filter((state) => state === 'running')).length === 2, {
    what: 'two to run',
  });
  await server.kill('SIGKILL');
  await waitFor(async (see) => see(await states()).length === 0, { what: 'both to be gone', timeoutMs: promiseMs });
});

test('what another server is about to start is left to it', { skip }, async (t) => {
  const { proxy, server } = await startVictim(t);
  const name = uniqueName('slow');
  t.after(() => removeContainer(name));
  proxy.hold(/^POST .*\/start/);
  const answer = send(server, 'POST', '/containers/closed', { name });
  await waitFor((see) => see(proxy.held).length === 1, { what: 'the start to be held back' });
  await startApp(t);
  const sweepAt = Date.now() + 5_000;
  await waitFor(() => Date.now() > sweepAt - 2_500, { what: 'the sweep to be near' });
  assert.equal(await stateOf(name), 'created');
  proxy.release();
  assert.equal((await answer).status, 201);
  await waitFor(() => Date.now() > sweepAt + 1_500, { what: 'the sweep to be over' });
  assert.equal(await stateOf(name), 'running');
});
