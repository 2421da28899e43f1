// Joined containers that are stranded, and servers and engines that come and go: two servers do not get into each other's way, a killed one leaves
// nothing half-done, an engine that is started anew has all of them back. On an engine of the test's own.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Container } from '../../src/schemas/container.ts';
import { useApi } from '../support/api.ts';
import { createTestContainer, docker, dockerApi, inspectContainer, removeContainer } from '../support/engine.ts';
import { managedLabels } from '../support/managed.ts';
import { followStarts, openOrphanLab, quick } from '../support/orphan-lab.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { startServerProcess } from '../support/server-process.ts';
import type { StreamClient } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;
if (engine !== undefined) process.env.DOCKER_HOST = engine.host;

test('two servers that watch one engine rejoin each once', { skip }, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const other = await openOrphanLab(t, engine);
  const target = await lab.api.create('bridged', quick.serving);
  const members = [
    await lab.api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle }),
    await other.api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle }),
  ];
  const rounds = isSweep ? 30 : 3;
  for (let round = 1; round <= rounds; round += 1) {
    // By the engine alone, and through one of the two, whose own rejoining the other must not double.
    if (round % 2 === 0) await docker('restart', '--time', '0', target.name);
    else await lab.api.post(`/containers/${target.id}/restart?timeout=0`);
    for (const member of members) for (const one of [lab, other]) await one.healed(member, target);
    for (const one of [lab, other]) await one.outlastHealing();
    assert.deepEqual(members.map(lab.countStarts), [1 + round, 1 + round], `round ${round}`);
  }

  const name = uniqueName('replaced');
  await lab.api.create('bridged', { name, ...quick.serving });
  const member = await lab.api.create('joined', { target: name, rejoin: 'auto', ...quick.idle });
  const feeds = [await lab.follow('events'), await other.follow('events')];
  await docker('rm', '--force', name);
  const fresh = await lab.api.create('bridged', { name, ...quick.serving });
  const shown = await lab.healed(member, fresh);
  const told = (client: StreamClient) => client.of('event').filter(({ event }) => event === 'container.replaced');
  for (const feed of feeds) await feed.until('each server to tell it', (client) => told(client).length > 0);
  // Events arrive in order: a second replacement of this member would arrive before the healing of a member that is stranded later.
  for (const one of [lab, other]) await one.outlastHealing();
  for (const feed of feeds) {
    assert.deepEqual(
      told(feed).map(({ from, to }) => [from.id, to.id]),
      [[member.id, shown.id]],
    );
  }
  const { stdout } = await docker('ps', '--all', '--format', '{{.Names}}', '--filter', `name=${member.name}`);
  assert.equal(stdout, `${member.name}\n`, 'one took its place');
});

test('what was stranded while no server ran is healed by the next, whatever a killed one left locked', {
  skip,
}, async (t) => {
  const countStarts = await followStarts(t);
  const server = await startServerProcess(t);
  const api = useApi(server, t);
  const target = await api.create('bridged', quick.serving);
  const member = await api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle });
  await server.kill('SIGKILL');
  await docker('restart', '--time', '0', target.name);
  const lock = `terrarium-rejoin-${member.id.slice(0, 12)}`;
  t.after(() => removeContainer(lock));
  await createTestContainer(t, {
    name: lock,
    start: false,
    body: { Labels: { 'io.terrarium.role': 'helper', 'io.terrarium.server': 'killed' } },
  });
  const lab = await openOrphanLab(t, engine);
  await lab.healed(member, target);
  assert.equal(countStarts(member.id), 2);
});

test('an engine that is started anew has its joined containers back', { skip }, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const { api } = lab;
  const target = await api.create('bridged', { ...quick.serving, restart: 'always' });
  const members: Container[] = [];
  for (let index = 0; index < 3; index += 1)
    members.push(await api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle, restart: 'always' }));
  const below = await api.create('joined', {
    target: members[0]?.id,
    rejoin: 'auto',
    ...quick.idle,
    restart: 'always',
  });
  await engine?.restart();
  for (const member of [...members, below]) await lab.healed(member, target);
});

test('a replacement that a killed server had begun is ended, or taken back', { skip }, async (t) => {
  const target = await createTestContainer(t, { body: { Labels: managedLabels } });
  const make = (name: string, predecessor: string) =>
    createTestContainer(t, {
      name,
      body: {
        Labels: { ...managedLabels, 'io.terrarium.replaces': predecessor },
        HostConfig: { NetworkMode: `container:${target.id}` },
      },
    });
  const there = await createTestContainer(t, { body: { Labels: managedLabels } });
  const begun = await make(`${there.name}-rejoin-0a1b2c`, there.id);
  const gone = uniqueName('gone');
  t.after(() => removeContainer(gone));
  const ended = await make(`${gone}-rejoin-0a1b2c`, 'f'.repeat(64));
  const { show } = await openOrphanLab(t, engine);
  await waitFor(async (see) => see((await inspectContainer(ended.id)).Name) === `/${gone}`, {
    what: 'its name',
  });
  await waitFor(async (see) => see((await dockerApi('GET', `/containers/${begun.id}/json`)).status) === 404, {
    what: 'it to go',
  });
  assert.deepEqual([(await show(there)).state, (await show(ended)).name], ['running', gone]);
});
