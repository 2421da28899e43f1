// The lock of a lab alone: held without being started, started when a change takes long or somebody asks, answered for by whoever lives, and taken
// from whoever does not. On an engine of the test's own, where no other server sweeps.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, type TestContext } from 'node:test';
import type { LabFile } from '../../src/schemas/lab.ts';
import { buildLockBody } from '../../src/services/labs/lock-body.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, docker, dockerApi, listContainerIds } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { findLeft, labName, useLabs } from '../support/labs.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { startServerProcess } from '../support/server-process.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

const quick: LabFile = { containers: { a: { mode: 'closed' } } };
/** Its apply goes on until it is ended. */
const slow: LabFile = {
  containers: { a: { mode: 'closed', ready: ['never'] } },
  checks: { never: { container: 'a', listens: 1 } },
};

const lockOf = (lab: string) => `terrarium-lab-${lab}-lock`;
const startCall = /^POST \S*\/containers\/[^/]+\/start/;

async function showLock(lab: string): Promise<{ id: string; state: string } | null> {
  const { status, body } = await dockerApi('GET', `/containers/${lockOf(lab)}/json`);
  return status === 200 ? { id: body.Id, state: body.State.Status } : null;
}

/** Begins an apply that goes on, and waits until its member is made. Answers what becomes of it, and its lock. */
async function begin(t: TestContext, server: Pick<RunningApp, 'url' | 'headers'>, lab: string) {
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
  return { answer, lock };
}

/** Milliseconds after which the holder of a lock starts it by itself. A question starts it earlier. */
const dueMs = 4_000;

/** Collects the engine's events about the lock of a lab, as this server receives them. */
function followLock({ app }: RunningApp, lab: string) {
  const told: { action: string; atMs: number }[] = [];
  app.services.catalogue.mirrors[0]?.onArrival(({ action, attributes, timeNano }) => {
    if (attributes.name?.startsWith(lockOf(lab))) told.push({ action, atMs: Number(timeNano / 1_000_000n) });
  });
  const atMs = (action: string) => told.find((one) => one.action === action)?.atMs ?? Number.NaN;
  return {
    actions: () => told.map(({ action }) => action),
    /** Milliseconds from the lock's creation to an event, by the engine's clock. NaN if the event did not come. */
    ageAt: (action: string) => atMs(action) - atMs('create'),
    /** A holder attaches to its lock before it starts it. If another server starts the lock, the holder attaches after the start. */
    isStartedByHolder: () => told.find(({ action }) => action === 'attach' || action === 'start')?.action === 'attach',
  };
}

/**
 * Runs a scenario that has to be over before the lock is due to be started. On a slow machine it may be too late: then it runs again, with another lab.
 *
 * @param scenario answers whether it was too late
 */
async function beforeDue(scenario: (lab: string) => Promise<boolean>): Promise<void> {
  const tries = 5;
  for (let count = 1; await scenario(labName()); count += 1)
    assert.ok(count < tries, `each of ${tries} locks was started by its holder before the scenario was over`);
}

/** A promise that `open` fulfils. */
function makeGate(): { readonly passed: Promise<void>; open(): void } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
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

test('a change that is soon over starts no lock', { skip }, async (t) => {
  const running = await startApp(t);
  const labs = useLabs(running, t);
  await beforeDue(async (name) => {
    const lock = followLock(running, name);
    await labs.apply(name, quick);
    await waitFor((see) => see(lock.actions()).at(-1) === 'destroy', { what: 'the lock to be removed' });
    assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
    await findNothing(name);
    const actions = lock.actions().slice(0, lock.actions().indexOf('destroy') + 1);
    if (lock.ageAt('start') >= dueMs) return true;
    assert.deepEqual(actions, ['create', 'rename', 'destroy']);
    return false;
  });
});

test('a holder that lives answers who asks, and keeps its lock; one that has asked can end its change', {
  skip,
}, async (t) => {
  const a = await startApp(t);
  await beforeDue(async (name) => {
    const relay = await startEngineRelay(t);
    const b = await startApp(t, { env: { DOCKER_HOST: relay.endpoint } });
    const events = followLock(a, name);
    const { answer, lock } = await begin(t, a, name);
    // The engine's answer to the start is kept back, so that only the holder's can tell that there is one.
    let starts = 0;
    const asking = makeGate();
    relay.beforeAnswer(startCall, () => {
      starts += 1;
      return asking.passed;
    });
    const asked = await useLabs(b, t).put(name, quick);
    asking.open();
    assert.deepEqual([asked.status, asked.body.code], [409, 'lab_busy']);
    assert.deepEqual(await showLock(name), { id: lock.id, state: 'running' });
    const isLate = events.isStartedByHolder();
    if (!isLate) {
      assert.equal(starts, 1, 'the question has started it');
      await letTimePass(4_000, 'a lock that nobody speaks to ends three seconds after its start');
      assert.deepEqual(await showLock(name), { id: lock.id, state: 'running' });
      relay.beforeAnswer(startCall, () => {
        starts += 1;
      });
      assert.equal((await useLabs(b, t).put(name, quick)).body.code, 'lab_busy');
    }
    assert.equal((await useLabs(b, t).call('post', `/labs/${name}/cancel`)).status, 202);
    assert.equal((await answer)?.body.code, 'lab_cancelled');
    if (!isLate) assert.equal(starts, 1, 'a lock that runs is not asked again');
    await findNothing(name);
    return isLate;
  });
});

test('a change is cancelled before its lock runs, by another server and by its own', { skip }, async (t) => {
  const a = await startApp(t);
  for (const isOther of [true, false])
    await beforeDue(async (name) => {
      const relay = await startEngineRelay(t);
      const server = isOther ? await startApp(t, { env: { DOCKER_HOST: relay.endpoint } }) : a;
      const events = followLock(a, name);
      const { answer } = await begin(t, a, name);
      // The other server learns by an event that there is a holder: the engine's answer to its start is kept back.
      const asking = makeGate();
      relay.beforeAnswer(startCall, () => asking.passed);
      const { status, body } = await useLabs(server, t).call('post', `/labs/${name}/cancel`);
      asking.open();
      assert.equal(status, 202, JSON.stringify(body));
      const ended = await answer;
      assert.deepEqual([ended?.status, ended?.body.code], [409, 'lab_cancelled']);
      await findNothing(name);
      if (events.isStartedByHolder()) return true;
      if (!isOther) assert.ok(!events.actions().includes('start'), 'its own server need not start it');
      return false;
    });
});

test('a change that takes longer has a lock that runs for as long as it', { skip }, async (t) => {
  const a = await startApp(t);
  const name = labName();
  const events = followLock(a, name);
  const { answer, lock } = await begin(t, a, name);
  await waitFor(async (see) => see((await showLock(name))?.state) === 'running', { what: 'the lock to run' });
  await waitFor((see) => see(events.actions()).includes('start'), { what: 'its start to be told' });
  assert.ok(events.isStartedByHolder());
  assert.ok(events.ageAt('start') >= dueMs, `started ${events.ageAt('start')} ms after its creation`);
  await letTimePass(4_000, 'a lock that nobody speaks to ends three seconds after its start');
  assert.deepEqual(await showLock(name), { id: lock.id, state: 'running' });
  await docker('rm', '--force', lockOf(name));
  assert.match((await answer)?.body.detail, /was lost/);
  await findNothing(name);
});

test('a lock that somebody removes or renames before it runs is lost, and the change is undone', {
  skip,
}, async (t) => {
  for (const command of [['rm'], ['rename']])
    await beforeDue(async (name) => {
      const proxy = await startEngineProxy(t);
      const a = await startApp(t, { env: { DOCKER_HOST: proxy.endpoint } });
      const { answer } = await begin(t, a, name);
      const other = command[0] === 'rename' ? [`${lockOf(name)}-not`] : ['--force'];
      assert.equal((await docker(...command, lockOf(name), ...other)).code, 0);
      const ended = await answer;
      assert.deepEqual([ended?.status, ended?.body.code], [409, 'state_conflict'], command[0]);
      assert.match(ended?.body.detail, /was lost/);
      assert.match(ended?.body.hint, /removed again/);
      await findNothing(name);
      // The holder that attaches may have learned by that, and not by the event.
      return proxy.seen(/^POST \S*\/attach/) > 0;
    });
});

test('a lock whose server is gone is taken by who asks; of two who ask, by one', { skip }, async (t) => {
  const [a, b] = [await startApp(t), await startApp(t)];
  const name = labName();
  const events = followLock(a, name);
  await leaveLock(name);
  const taken = await useLabs(a, t).put(name, quick);
  assert.equal(taken.status, 200, JSON.stringify(taken.body));
  // A sweep would remove the lock without a start. This lock was started, waited for its holder, and ended by itself.
  assert.deepEqual(events.actions().slice(0, 3), ['create', 'start', 'die']);
  assert.ok(events.ageAt('die') - events.ageAt('start') > 2_500, JSON.stringify(events.actions()));

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

test('a lock whose server is gone, and that nobody asks, is swept by another, and not before its holder may start it', {
  skip,
}, async (t) => {
  const name = labName();
  const events = followLock(await startApp(t), name);
  await leaveLock(name);
  await waitFor(async (see) => see(await showLock(name)) === null, { what: 'the lock to be swept' });
  await waitFor((see) => see(events.actions()).includes('destroy'), { what: 'its removal to be told' });
  assert.deepEqual(events.actions(), ['create', 'destroy'], 'nobody started it');
  assert.ok(
    events.ageAt('destroy') > dueMs + 2_000,
    `its holder may be about to start it: ${events.ageAt('destroy')} ms`,
  );
});

test('a server is killed at the beginning of a change: the next has the lab with one apply', { skip }, async (t) => {
  const next = await startApp(t);
  await beforeDue(async (name) => {
    const victim = await startServerProcess(t);
    const events = followLock(next, name);
    const { answer } = await begin(t, victim, name);
    await victim.kill('SIGKILL');
    const { status, body } = await useLabs(next, t).put(name, quick);
    await answer;
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.lab.state, 'as_described');
    assert.equal((await useLabs(next, t).call('delete', `/labs/${name}`)).status, 200);
    await findNothing(name);
    return events.isStartedByHolder();
  });
});

test('a holder that heard nothing from its engine for a moment has its lock run as soon as it does', {
  skip,
}, async (t) => {
  const relay = await startEngineRelay(t);
  const [a, b] = [await startApp(t, { env: { DOCKER_HOST: relay.endpoint } }), await startApp(t)];
  await beforeDue(async (name) => {
    const events = followLock(b, name);
    const { answer } = await begin(t, a, name);
    relay.cutEvents();
    await waitFor((see) => see(events.actions()).includes('start'), { what: 'the lock to run' });
    assert.ok(events.isStartedByHolder(), 'nobody else has asked');
    assert.equal((await useLabs(b, t).put(name, quick)).body.code, 'lab_busy');
    assert.equal((await useLabs(a, t).call('post', `/labs/${name}/cancel`)).status, 202);
    assert.equal((await answer)?.body.code, 'lab_cancelled');
    await findNothing(name);
    // Started when it was due, it tells nothing.
    return events.ageAt('start') >= dueMs;
  });
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
