// The lock of a lab alone: held without being started, started when a change takes long or somebody asks, answered for by whoever lives, and taken
// from whoever does not. On an engine of the test's own, where no other server sweeps.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabFile } from '../../src/schemas/lab.ts';
import { buildLockBody } from '../../src/services/labs/lock-body.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, docker, dockerApi, listContainerIds } from '../support/engine.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { findLeft, labName, useLabs } from '../support/labs.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { startServerProcess } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

const quick: LabFile = { containers: { a: { mode: 'closed' } } };
/** Its apply goes on until it is ended. */
const slow: LabFile = {
  containers: { a: { mode: 'closed', ready: ['never'] } },
  checks: { never: { container: 'a', listens: 1 } },
};

const lockOf = (lab: string) => `terrarium-lab-${lab}-lock`;

async function showLock(lab: string): Promise<{ id: string; state: string } | null> {
  const { status, body } = await dockerApi('GET', `/containers/${lockOf(lab)}/json`);
  return status === 200 ? { id: body.Id, state: body.State.Status } : null;
}

/** Begins an apply that goes on, and waits until its member is made. Answers what becomes of it, and its lock's id. */
async function begin(t: TestContext, server: Pick<RunningApp, 'url' | 'headers'>, lab: string) {
  const began = performance.now();
  const answer = useLabs(server, t)
    .put(lab, slow)
    .then(
      (response) => response,
      () => null,
    );
  await waitFor(async (see) => see(await listContainerIds(`io.terrarium.lab=${lab}`)).length === 1, {
    what: 'the member to be made',
    intervalMs: 20,
  });
  const lock = await showLock(lab);
  assert.ok(lock !== null);
  return { answer, lock, heldMs: () => performance.now() - began };
}

/** Makes the lock of somebody who is gone. */
async function leaveLock(lab: string): Promise<string> {
  const { Id } = await callDocker<{ Id: string }>('GET', '/images/busybox:latest/json');
  const body = buildLockBody(Id, randomUUID());
  return (await callDocker<{ Id: string }>('POST', `/containers/create?name=${lockOf(lab)}`, body)).Id;
}

async function findNothing(lab: string): Promise<void> {
  const left = async () => [
    ...(await findLeft(lab)),
    // Released, a lock goes by another name.
    ...(await docker('ps', '--all', '--quiet', '--filter', `name=^/${lockOf(lab)}`)).stdout.split('\n').filter(Boolean),
  ];
  await waitFor(async (see) => see(await left()).length === 0, { what: 'nothing to be left' }).catch(async (error) => {
    assert.deepEqual(await left(), [], String(error));
  });
}

async function timed<T>(work: PromiseLike<T>): Promise<{ result: T; ms: number }> {
  const began = performance.now();
  return { result: await work, ms: performance.now() - began };
}

test('a change that is soon over starts no lock', { skip }, async (t) => {
  const running = await startApp(t);
  const labs = useLabs(running, t);
  const name = labName();
  const told: string[] = [];
  running.app.services.catalogue.mirrors[0]?.onArrival(({ action, attributes }) => {
    if (attributes.name?.startsWith(lockOf(name))) told.push(action);
  });
  const { ms } = await timed(labs.apply(name, quick));
  await waitFor((see) => see(told.at(-1)) === 'destroy', { what: 'the lock to be removed' });
  // On a machine that has much to do it may be started all the same.
  if (ms < 3_500) assert.deepEqual(told, ['create', 'rename', 'destroy']);
  assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
  await findNothing(name);
});

test('a holder that lives answers who asks, and keeps its lock; one that has asked can end its change', {
  skip,
}, async (t) => {
  const [a, b] = [await startApp(t), await startApp(t)];
  const name = labName();
  const { answer, lock, heldMs } = await begin(t, a, name);
  assert.equal(lock.state, 'created');
  const asked = await timed(useLabs(b, t).put(name, quick));
  assert.deepEqual([asked.result.status, asked.result.body.code], [409, 'lab_busy']);
  t.diagnostic(`answered after ${Math.round(asked.ms)} ms`);
  assert.ok(asked.ms < 2_000, `${asked.ms} ms`);
  assert.ok(heldMs() < 4_000, 'it was asked before the holder would have started it');
  assert.deepEqual(await showLock(name), { id: lock.id, state: 'running' }, 'the question has started it');
  // Longer than one that nobody speaks to would run.
  await sleep(4_000);
  assert.deepEqual(await showLock(name), { id: lock.id, state: 'running' });
  const again = await timed(useLabs(b, t).put(name, quick));
  assert.equal(again.result.body.code, 'lab_busy');
  assert.ok(again.ms < 1_500, `${again.ms} ms`);
  assert.equal((await useLabs(b, t).call('post', `/labs/${name}/cancel`)).status, 202);
  assert.equal((await answer)?.body.code, 'lab_cancelled');
  await findNothing(name);
});

test('a change is cancelled before its lock runs, by another server and by its own', { skip }, async (t) => {
  const [a, b] = [await startApp(t), await startApp(t)];
  for (const server of [b, a]) {
    const name = labName();
    const { answer, lock, heldMs } = await begin(t, a, name);
    assert.equal(lock.state, 'created');
    const { result, ms } = await timed(useLabs(server, t).call('post', `/labs/${name}/cancel`));
    assert.equal(result.status, 202, JSON.stringify(result.body));
    assert.ok(ms < 2_000, `${ms} ms`);
    const ended = await answer;
    assert.deepEqual([ended?.status, ended?.body.code], [409, 'lab_cancelled']);
    assert.ok(heldMs() < 4_000, 'the lock would not have run yet');
    await findNothing(name);
  }
});

test('a change that takes longer has a lock that runs for as long as it', { skip }, async (t) => {
  const a = await startApp(t);
  const name = labName();
  const { answer, lock, heldMs } = await begin(t, a, name);
  await waitFor(async (see) => see((await showLock(name))?.state) === 'running', { what: 'the lock to run' });
  assert.ok(heldMs() > 3_500 && heldMs() < 8_000, `started after ${heldMs()} ms`);
  await sleep(4_000);
  assert.deepEqual(await showLock(name), { id: lock.id, state: 'running' });
  await docker('rm', '--force', lockOf(name));
  assert.match((await answer)?.body.detail, /was lost/);
  await findNothing(name);
});

test('a lock that somebody removes or renames before it runs is lost, and the change is undone', {
  skip,
}, async (t) => {
  const a = await startApp(t);
  for (const command of [['rm'], ['rename']]) {
    const name = labName();
    const { answer, lock, heldMs } = await begin(t, a, name);
    assert.equal(lock.state, 'created');
    const other = command[0] === 'rename' ? [`${lockOf(name)}-not`] : [];
    assert.equal((await docker(...command, lockOf(name), ...other)).code, 0);
    const ended = await answer;
    assert.deepEqual([ended?.status, ended?.body.code], [409, 'state_conflict'], command[0]);
    assert.match(ended?.body.detail, /was lost/);
    assert.match(ended?.body.hint, /removed again/);
    assert.ok(heldMs() < 4_000, 'it was told by an event');
    await findNothing(name);
  }
});

test('a lock whose server is gone is taken by who asks; of two who ask, by one', { skip }, async (t) => {
  const [a, b] = [await startApp(t), await startApp(t)];
  const name = labName();
  await leaveLock(name);
  const { result, ms } = await timed(useLabs(a, t).put(name, quick));
  assert.equal(result.status, 200, JSON.stringify(result.body));
  t.diagnostic(`taken and applied after ${Math.round(ms)} ms`);
  // Sweeping it takes nine seconds.
  assert.ok(ms > 2_500 && ms < 8_000, `${ms} ms`);

  await leaveLock(name);
  const changed: LabFile = { containers: { a: { mode: 'closed', env: { V: '2' } } } };
  const outcomes = await Promise.all([a, b].map((server) => useLabs(server, t).put(name, changed)));
  assert.deepEqual(
    outcomes.map(({ status }) => status).sort(),
    [200, 409],
    JSON.stringify(outcomes.map(({ body }) => body)),
  );
  assert.ok(outcomes.some(({ body }) => body.code === 'lab_busy'));

  await leaveLock(name);
  const cancelled = await useLabs(a, t).call('post', `/labs/${name}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.body.code], [409, 'state_conflict'], 'nobody changes it');
  assert.equal((await useLabs(b, t).call('delete', `/labs/${name}`)).status, 200);
  await findNothing(name);
});

test('a lock whose server is gone, and that nobody asks, is swept by another within ten seconds', {
  skip,
}, async (t) => {
  const name = labName();
  await startApp(t);
  await leaveLock(name);
  await sleep(6_000);
  assert.equal((await showLock(name))?.state, 'created', 'its holder may be about to start it');
  await waitFor(async (see) => see(await showLock(name)) === null, { what: 'the lock to be swept', timeoutMs: 4_000 });
});

test('a server is killed at the beginning of a change: the next has the lab with one apply', { skip }, async (t) => {
  const victim = await startServerProcess(t);
  const next = await startApp(t);
  const name = labName();
  const { answer, lock } = await begin(t, victim, name);
  assert.equal(lock.state, 'created');
  await victim.kill('SIGKILL');
  const { result, ms } = await timed(useLabs(next, t).put(name, quick));
  await answer;
  assert.equal(result.status, 200, JSON.stringify(result.body));
  assert.equal(result.body.lab.state, 'as_described');
  t.diagnostic(`applied ${Math.round(ms)} ms after the kill`);
  assert.equal((await useLabs(next, t).call('delete', `/labs/${name}`)).status, 200);
  await findNothing(name);
});

test('a holder that heard nothing from its engine for a moment has its lock run as soon as it does', {
  skip,
}, async (t) => {
  const relay = await startEngineRelay(t);
  const [a, b] = [await startApp(t, { env: { DOCKER_HOST: relay.endpoint } }), await startApp(t)];
  const name = labName();
  const { answer, lock, heldMs } = await begin(t, a, name);
  assert.equal(lock.state, 'created');
  relay.cutEvents();
  await waitFor(async (see) => see((await showLock(name))?.state) === 'running', { what: 'the lock to run' });
  assert.ok(heldMs() < 4_000, `after ${heldMs()} ms`);
  assert.equal((await useLabs(b, t).put(name, quick)).body.code, 'lab_busy');
  assert.equal((await useLabs(a, t).call('post', `/labs/${name}/cancel`)).status, 202);
  assert.equal((await answer)?.body.code, 'lab_cancelled');
  await findNothing(name);
});

test('a lock that the engine did not remove when it was released goes soon after', { skip }, async (t) => {
  const relay = await startEngineRelay(t);
  const labs = useLabs(await startApp(t, { env: { DOCKER_HOST: relay.endpoint } }), t);
  const name = labName();
  relay.answerNext(/DELETE \S*\/containers\//, 500, 'not now');
  await labs.apply(name, quick);
  const released = async () =>
    (await docker('ps', '--all', '--format', '{{.Names}}', '--filter', `name=^/${lockOf(name)}-`)).stdout;
  assert.match(await released(), /-lock-/);
  await waitFor(async (see) => see(await released()) === '', { what: 'the lock to be removed' });
  assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
  await findNothing(name);
});
