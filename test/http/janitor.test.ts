// The life time of containers, on an engine of the test's own: on a shared one another server would do the work.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import request from 'supertest';
import { createJanitor } from '../../src/services/janitor/janitor.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, createTestContainer, docker, dockerApi, removeContainer } from '../support/engine.ts';
import { managedLabels } from '../support/managed.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

/** Milliseconds. The server knows the engine's clock, which is this machine's, to the length of a call. */
const clockSlackMs = 1_000;

/** One that Terrarium manages and that expires so many milliseconds from now. */
function createExpiring(t: TestContext, inMs: number, body: object = {}, start = true) {
  const expiresAt = new Date(Date.now() + inMs).toISOString();
  return createTestContainer(t, {
    start,
    body: { ...body, Labels: { ...managedLabels, 'io.terrarium.expires-at': expiresAt } },
  });
}

const isThere = async (id: string) => (await dockerApi('GET', `/containers/${id}/json`)).status === 200;
const isGone = (id: string) =>
  waitFor(async (see) => !see(await isThere(id)), { what: `the container ${id} to be gone` });

async function create(t: TestContext, { url, headers }: RunningApp, body: object) {
  const name = uniqueName('ttl');
  t.after(() => removeContainer(name));
  const answer = await request(url)
    .post('/api/v1/containers/closed')
    .set(headers)
    .send({ name, ...body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body as { id: string; name: string; expiresAt: string };
}

test('a container that expires takes its volumes along, and no other container', { skip }, async (t) => {
  const server = await startApp(t);
  const { id } = await create(t, server, { ttl: '2s' });
  const lasting = await create(t, server, { ttl: '2h' });
  const { id: withVolume } = await createExpiring(t, 2_500, { Volumes: { '/data': {} } });
  const volume = (await callDocker('GET', `/containers/${withVolume}/json`)).Mounts[0].Name as string;
  await isGone(id);
  await isGone(withVolume);
  assert.equal((await dockerApi('GET', `/volumes/${volume}`)).status, 404);
  const shown = await request(server.url).get(`/api/v1/containers/${id}`).set(server.headers);
  assert.equal(shown.status, 404);
  assert.ok(await isThere(lasting.id));
});

test('what expired while no server ran is gone soon after the next start, in every state', { skip }, async (t) => {
  const running = await createExpiring(t, -60_000);
  const paused = await createExpiring(t, -60_000);
  await callDocker('POST', `/containers/${paused.id}/pause`);
  const stopped = await createExpiring(t, -60_000, { Cmd: ['true'] });
  const target = await createExpiring(t, -1_000);
  const member = await createExpiring(t, -1_000, { HostConfig: { NetworkMode: `container:${target.id}` } });
  const many = await Promise.all(Array.from({ length: 6 }, () => createExpiring(t, -5_000, { Cmd: ['true'] })));
  // The next look after the one at the start comes in an hour.
  await startApp(t, { config: { janitorIntervalMs: 3_600_000 } });
  for (const { id } of [running, paused, stopped, member, target, ...many]) await isGone(id);
});

test('what is not ours, and what has no such label, stays', { skip }, async (t) => {
  const past = new Date(Date.now() - 60_000).toISOString();
  const labels: Record<string, string>[] = [
    { 'io.terrarium.expires-at': past },
    { 'io.terrarium.expires-at': past, 'io.terrarium.managed': 'false' },
    { 'io.terrarium.expires-at': 'yesterday', ...managedLabels },
    { ...managedLabels },
  ];
  const staying = await Promise.all(labels.map((Labels) => createTestContainer(t, { body: { Labels } })));
  const expired = await createExpiring(t, -60_000);
  await startApp(t, { config: { janitorIntervalMs: 100 } });
  await isGone(expired.id);
  // Several rounds later:
  const { id } = await createExpiring(t, 600);
  await isGone(id);
  for (const one of staying) assert.ok(await isThere(one.id));
});

test('a clock that is a little off changes nothing: times are the engine’s', { skip }, async (t) => {
  const server = await startApp(t, { clock: { now: () => Date.now() + 30_000 } });
  const askedAt = Date.now();
  const { id, expiresAt } = await create(t, server, { ttl: '2s' });
  const expiry = Date.parse(expiresAt);
  assert.ok(expiry - 2_000 >= askedAt - clockSlackMs && expiry - 2_000 <= Date.now() + clockSlackMs, expiresAt);
  await isGone(id);
  const killedAt = await readEventTime(id, 'kill');
  assert.ok(killedAt >= expiry - clockSlackMs, `it was killed ${expiry - killedAt} ms before its time`);
});

/** The time of the container's one event with this action, in milliseconds since the epoch. */
async function readEventTime(id: string, action: string): Promise<number> {
  const filters = ['--filter', `container=${id}`, '--filter', `event=${action}`, '--format', '{{.TimeNano}}'];
  // A duration, as in `--until 0s`, is cut to a whole second: the events of the current second would be missing.
  const until = new Date(Date.now() + 1).toISOString();
  const { stdout } = await docker('events', '--since', '1h', '--until', until, ...filters);
  assert.match(stdout, /^\d+\n$/, `one ${action} of ${id}`);
  return Number(stdout) / 1e6;
}

test('where the clocks differ by more than a minute nothing is removed, and the log says so once', {
  skip,
}, async (t) => {
  for (const offsetMs of [120_000, -120_000]) {
    const clock = { now: () => Date.now() + offsetMs };
    const server = await startApp(t, { clock, config: { janitorIntervalMs: 100 } });
    const { id } = await createExpiring(t, -60_000);
    const warnings: unknown[] = [];
    const log = { info() {}, warn: (...args: unknown[]) => void warnings.push(args) };
    let asked = 0;
    const counted = {
      now() {
        asked += 1;
        return clock.now();
      },
    };
    const { mirrors } = server.app.services.catalogue;
    const janitor = createJanitor({ mirrors, clock: counted, intervalMs: 50, log });
    janitor.start();
    await waitFor((see) => see(warnings).length > 0, { what: 'the warning' });
    const before = asked;
    await waitFor((see) => see(asked) >= before + 20, { what: 'twenty rounds, each of which reads the clock' });
    assert.equal(warnings.length, 1);
    assert.match(JSON.stringify(warnings), /differ by more than a minute/);
    assert.ok(await isThere(id));
    await janitor.close();
    await server.close();
    await removeContainer(id);
  }
});

test('several servers on one engine do not mind each other', { skip }, async (t) => {
  const servers = await Promise.all(Array.from({ length: 3 }, () => startApp(t)));
  const expiring = await Promise.all(Array.from({ length: 8 }, () => createExpiring(t, 1_500)));
  for (const { id } of expiring) await isGone(id);
  for (const { url, headers } of servers) {
    await waitFor(
      async (see) => {
        const { body } = await request(url).get('/api/v1/containers').set(headers);
        const known = see((body as { id: string }[]).map(({ id }) => id));
        return expiring.every(({ id }) => !known.includes(id));
      },
      { what: 'every server to know that the containers are gone' },
    );
  }
});
