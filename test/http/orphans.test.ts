// The server finds joined containers that are stranded. It heals them by itself or when a client asks, and touches nothing else. The test has an engine of
// its own, where no other server heals. `orphans-time.test.ts` measures the time.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { RunningApp } from '../support/app.ts';
import {
  createTestContainer,
  docker,
  dockerApi,
  execInContainer,
  inspectContainer,
  removeContainer,
  runCommand,
} from '../support/engine.ts';
import { listLocks, openOrphanLab, quick } from '../support/orphan-lab.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import type { Frame } from '../support/stream-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;
if (engine !== undefined) process.env.DOCKER_HOST = engine.host;

/** What may be done to a target that leaves its members in a dead namespace. */
const ways: readonly (readonly string[][])[] = [
  [['restart', '--time', '0']],
  [['kill'], ['start']],
  [['stop', '--time', '0'], ['start']],
];

const startedAt = async ({ id }: { readonly id: string }): Promise<string> =>
  (await inspectContainer(id)).State.StartedAt;

test('a target is restarted under load, again and again: found out each time, healed each time, nothing else touched', {
  skip,
}, async (t) => {
  const rounds = isSweep ? 50 : 5;
  const lab = await openOrphanLab(t, engine);
  const { api, show } = lab;
  const target = await api.create('bridged', quick.serving);
  const member = await api.create('joined', {
    target: target.id,
    rejoin: 'auto',
    ...quick.serving,
    ...quick.idle,
    limits: { pids: 64 },
  });
  const bystanders = [
    await api.create('bridged', quick.serving),
    await createTestContainer(t),
    await createTestContainer(t, { body: { HostConfig: { NetworkMode: `container:${target.id}` } } }),
  ];
  const manual = await api.create('joined', { target: target.id });
  await execInContainer(member.id, 'sh', '-c', 'echo kept > /tmp/file');
  const untouched = await Promise.all([...bystanders, manual].map(startedAt));

  const events = await lab.follow('events');
  const netstat = await lab.follow(`containers/${member.id}/netstat?options=tl&intervalMs=200`);
  let isOver = false;
  let asked = 0;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const { status } = await api.get('/containers?scope=all');
        assert.equal(status, 200);
        asked += 1;
        await letTimePass(20, 'four clients that ask 50 times a second are load enough');
      }
    }),
  );
  const told = (name: string) =>
    events.of('event').filter(({ event, container }) => event === name && container?.id === member.id);
  for (let round = 0; round < rounds; round += 1) {
    const [stranded, mended] = [told('container.orphaned').length, told('container.healed').length];
    for (const command of ways[round % ways.length] ?? []) await docker(...command, target.name);
    await waitFor((see) => see(told('container.orphaned')).length > stranded, {
      what: `round ${round}: it to be told`,
    });
    await lab.healed(member, target);
    await waitFor((see) => see(told('container.healed')).length > mended, {
      what: `round ${round}: its healing to be told`,
    });
  }
  isOver = true;
  await load;
  t.diagnostic(`${rounds} rounds, beside ${asked} requests`);
  assert.equal(lab.countStarts(member), 1 + rounds, 'one start each time');
  assert.equal((await execInContainer(member.id, 'cat', '/tmp/file')).stdout, 'kept\n', 'the same files');
  assert.deepEqual(await Promise.all([...bystanders, manual].map(startedAt)), untouched, 'nobody else was touched');
  assert.deepEqual([(await show(manual)).orphanReason, (await show(manual)).rejoin], ['target_restarted', 'manual']);
  await netstat.until(
    'the watcher to see what the target listens on now',
    (client) => client.states.at(-1) === 'live' && client.data?.sockets.some(({ local }: Frame) => local.port === 80),
  );
  assert.deepEqual(await listLocks(), []);
});

test('a chain heals from its owner on, and what is not to heal by itself holds up what is below it', {
  skip,
}, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const { api, show } = lab;
  const target = await api.create('bridged', quick.serving);
  const first = await api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle });
  const second = await api.create('joined', { target: first.id, rejoin: 'auto', ...quick.idle });
  const third = await api.create('joined', { target: second.id, rejoin: 'auto', ...quick.idle });
  await docker('restart', '--time', '0', target.name);
  for (const member of [first, second, third]) await lab.healed(member, target);
  const times = await Promise.all([target, first, second, third].map(startedAt));
  assert.deepEqual(
    times.map((time) => Date.parse(time)),
    times.map((time) => Date.parse(time)).sort((a, b) => a - b),
    'in order',
  );
  for (const member of [first, second, third]) assert.equal(lab.countStarts(member), 2);

  const owner = await api.create('bridged', quick.serving);
  const manual = await api.create('joined', { target: owner.id, ...quick.idle });
  const below = await api.create('joined', { target: manual.id, rejoin: 'auto', ...quick.idle });
  await docker('restart', '--time', '0', owner.name);
  await waitFor(async (see) => see((await show(below)).orphanReason) === 'target_restarted', { what: 'it to be seen' });
  await lab.outlastHealing();
  assert.deepEqual([(await show(below)).orphaned, lab.countStarts(below), lab.countStarts(manual)], [true, 1, 1]);
  assert.equal((await api.post(`/containers/${manual.id}/rejoin?timeout=0`)).status, 200);
  for (const member of [manual, below]) await lab.healed(member, owner);
  await lab.outlastHealing();
  assert.deepEqual([lab.countStarts(manual), lab.countStarts(below)], [2, 2], 'each once, whoever did it');
});

test('a target that is restarted through the server has its members follow once', { skip }, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const { api } = lab;
  const target = await api.create('bridged', quick.serving);
  const first = await api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle });
  const second = await api.create('joined', { target: first.id, rejoin: 'auto', ...quick.idle });
  for (let round = 1; round <= 3; round += 1) {
    assert.equal((await api.post(`/containers/${target.id}/restart?timeout=0`)).status, 200);
    for (const member of [first, second]) await lab.healed(member, target);
    await lab.outlastHealing();
    assert.deepEqual([lab.countStarts(first), lab.countStarts(second)], [1 + round, 1 + round]);
  }
  await api.post(`/containers/${target.id}/restart?timeout=0&rejoin=false`);
  for (const member of [first, second]) await lab.healed(member, target);
});

test('a target that is stopped is waited for, one that is paused strands nobody, and what somebody froze is left so', {
  skip,
}, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const { api, show } = lab;
  const target = await api.create('bridged', quick.serving);
  const member = await api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle });
  await docker('pause', target.name);
  await waitFor(async (see) => see((await show(target)).state) === 'paused', { what: 'the pause' });
  assert.deepEqual([(await show(member)).orphaned, (await show(member)).effective], [false, 'bridged']);
  await docker('unpause', target.name);
  await docker('stop', '--time', '0', target.name);
  await waitFor(async (see) => see((await show(member)).orphanReason) === 'target_stopped', { what: 'it to be seen' });
  await lab.outlastHealing();
  assert.equal(lab.countStarts(member), 1);
  await docker('start', target.name);
  await lab.healed(member, target);
  assert.equal(lab.countStarts(member), 2);

  await docker('pause', member.name);
  await docker('restart', '--time', '0', target.name);
  await waitFor(async (see) => see((await show(member)).orphanReason) === 'target_restarted', {
    what: 'it to be seen',
  });
  await lab.outlastHealing();
  assert.deepEqual([(await show(member)).state, lab.countStarts(member)], ['paused', 2]);
  await docker('unpause', member.name);
  await lab.healed(member, target);

  await docker('stop', '--time', '0', member.name);
  await docker('restart', '--time', '0', target.name);
  await lab.outlastHealing();
  assert.deepEqual(
    [(await show(member)).state, (await show(member)).orphaned],
    ['exited', false],
    'stopped is stopped',
  );
});

test('a target that crashed and was started by its policy is followed; and so is one that was away when a member was to start', {
  skip,
}, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const { api, show } = lab;
  const target = await api.create('bridged', { ...quick.serving, restart: 'always' });
  const member = await api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle });
  const before = await startedAt(target);
  const { Pid } = (await inspectContainer(target.id)).State;
  await runCommand('nsenter', ['--target', String(engine?.pid), '--mount', '--pid', '--', 'kill', '-9', String(Pid)]);
  await waitFor(async (see) => see(await startedAt(target)) !== before, { what: 'the engine to start it anew' });
  await lab.healed(member, target);

  await docker('stop', '--time', '0', target.name);
  const failed = await docker('restart', '--time', '0', member.name);
  assert.notEqual(failed.code, 0, 'the engine does not join what does not run');
  await waitFor(async (see) => see((await show(member)).state) === 'exited', { what: 'its end' });
  await docker('start', target.name);
  const shown = await lab.healed(member, target);
  assert.equal(shown.id, member.id);
});

test('a target that was replaced has its member made anew, which says so and keeps its policy', { skip }, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const { api, show } = lab;
  const name = uniqueName('target');
  await api.create('bridged', { name, ...quick.serving });
  const member = await api.create('joined', {
    target: name,
    rejoin: 'auto',
    ...quick.idle,
    labels: { team: 'a' },
  });
  const manual = await api.create('joined', { target: member.id, ...quick.idle });
  const events = await lab.follow('events');
  await docker('rm', '--force', name);
  await waitFor(async (see) => see((await show(member)).orphanReason) === 'target_removed', { what: 'it to be seen' });
  await lab.outlastHealing();
  assert.equal(lab.countStarts(member), 1, 'there is nothing to join');

  const target = await api.create('bridged', { name, ...quick.serving });
  const fresh = await lab.healed(member, target);
  assert.notEqual(fresh.id, member.id);
  assert.deepEqual([fresh.rejoin, fresh.joinedTo?.id], ['auto', target.id]);
  const replaced = await events.until('it to be told', (client) =>
    client.of('event').find(({ event }) => event === 'container.replaced'),
  );
  assert.deepEqual(
    [replaced.from, replaced.to],
    [
      { id: member.id, name: member.name },
      { id: fresh.id, name: member.name },
    ],
  );
  assert.equal((await dockerApi('GET', `/containers/${member.id}/json`)).status, 404);
  assert.deepEqual(
    [(await show(manual)).id, (await show(manual)).orphanReason],
    [manual.id, 'target_removed'],
    'its files are its own',
  );
  assert.equal((await api.post(`/containers/${manual.id}/rejoin`)).body.joinedTo.id, fresh.id);

  await docker('restart', '--time', '0', name);
  assert.equal((await lab.healed(member, target)).id, fresh.id, 'in place now, and again by itself');
  assert.equal(
    events.of('event').filter(({ event, from }) => event === 'container.replaced' && from.id === member.id).length,
    1,
  );
});

/** Counts how often a server has tried to rejoin a member, and is done with it: each try has a lock of its own. */
function countTries({ app }: RunningApp, { id }: { readonly id: string }): () => number {
  let count = 0;
  app.services.catalogue.mirrors[0]?.onArrival(({ action, attributes }) => {
    if (action === 'destroy' && attributes.name?.startsWith(`terrarium-rejoin-${id.slice(0, 12)}`)) count += 1;
  });
  return () => count;
}

test('what cannot be rejoined is tried again when that has changed, and hurts nobody', { skip }, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const { api, show } = lab;
  const name = uniqueName('target');
  await api.create('bridged', { name, ...quick.serving });
  const member = await api.create('joined', {
    target: name,
    rejoin: 'auto',
    ...quick.idle,
    capabilities: ['NET_ADMIN'],
  });
  const tries = countTries(lab.server, member);
  await docker('rm', '--force', name);
  // With rights over interfaces nobody joins the host's.
  const wrong = await api.create('open', { name, host: true, ...quick.serving });
  await waitFor((see) => see(tries()) >= 2, { what: 'two tries to be over' });
  assert.deepEqual([(await show(member)).orphanReason, (await show(member)).id], ['target_removed', member.id]);
  await removeContainer(wrong.id);
  const target = await api.create('bridged', { name, ...quick.serving });
  const fresh = await lab.healed(member, target);
  assert.equal(fresh.effective, 'bridged');
  assert.deepEqual(await listLocks(), []);
});

test('what Terrarium does not manage heals nobody, and the policy is for joined containers only', {
  skip,
}, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const { api, show } = lab;
  const target = await api.create('bridged', quick.serving);
  const foreign = await createTestContainer(t, {
    body: { Labels: { 'io.terrarium.rejoin': 'auto' }, HostConfig: { NetworkMode: `container:${target.id}` } },
  });
  await docker('restart', '--time', '0', target.name);
  await waitFor(async (see) => see(await show(foreign)).orphaned, { what: 'it to be seen' });
  await lab.outlastHealing();
  assert.equal(lab.countStarts(foreign), 1);
  for (const mode of ['closed', 'bridged', 'open'] as const) {
    const { status, body } = await api.tryCreate(mode, { rejoin: 'auto', ...(mode === 'open' && { ports: ['80'] }) });
    assert.deepEqual([status, body.field], [400, 'rejoin'], mode);
    assert.match(body.hint, /joined/);
  }
  const odd = await api.tryCreate('joined', { target: target.id, rejoin: 'always' });
  assert.deepEqual([odd.status, odd.body.field], [400, 'rejoin']);
  const dry = await api.post('/containers/joined?dryRun=true', { target: target.id, rejoin: 'auto' });
  assert.equal(dry.body.request.Labels['io.terrarium.rejoin'], 'auto');
});
