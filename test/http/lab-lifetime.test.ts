// How long labs live, on an engine of the test's own: on a shared one another server would do the work.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import type { LabFile } from '../../src/schemas/lab.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { findLeft, labName, useLabs } from '../support/labs.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

const lab = (ttl: string): LabFile => ({
  ttl,
  containers: { web: { mode: 'bridged' }, mate: { mode: 'joined', target: 'web' }, alone: { mode: 'closed' } },
});

/** What each member of a lab shows as its end, without doubles. */
async function endsOf({ url, headers }: RunningApp, name: string): Promise<(string | null)[]> {
  const { body } = await request(url).get(`/api/v1/containers?lab=${name}`).set(headers);
  assert.equal(body.length, 3);
  return [...new Set((body as { expiresAt: string | null }[]).map(({ expiresAt }) => expiresAt))];
}

const isGone = (name: string) =>
  waitFor(async (see) => see(await findLeft(name)).length === 0, { what: `${name} to be gone` });

test("a member's end is its lab's, as it is now, on every server", { skip }, async (t) => {
  const [server, other] = [await startApp({ after }), await startApp({ after })];
  const labs = useLabs(server, t);
  const name = labName();
  const applied = (await labs.apply(name, lab('2h'))).lab;
  assert.deepEqual(await endsOf(server, name), [applied.expiresAt]);
  const { body: extended } = await labs.call('post', `/labs/${name}/extend`, { ttl: '1h' });
  assert.equal(Date.parse(extended.expiresAt) - Date.parse(applied.expiresAt ?? ''), 3_600_000);
  assert.deepEqual(await endsOf(server, name), [extended.expiresAt]);
  await waitFor(async (see) => see((await endsOf(other, name))[0]) === extended.expiresAt, {
    what: 'the other to hear of it',
  });
  const { ttl: _none, ...lasting } = lab('1h');
  await labs.apply(name, lasting);
  assert.deepEqual(await endsOf(server, name), [null]);
  assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
  await Promise.all([server.close(), other.close()]);
});

test('a lab that another server put off lives on', { skip }, async (t) => {
  const [server, other] = [await startApp({ after }), await startApp({ after })];
  const name = labName();
  const { expiresAt } = (await useLabs(server, t).apply(name, lab('8s'))).lab;
  assert.equal((await useLabs(other, t).call('post', `/labs/${name}/extend`, { ttl: '1h' })).status, 200);
  await letTimePass(Date.parse(expiresAt ?? '') - Date.now() + 1_500, 'the end that the lab had first passes');
  assert.equal((await findLeft(name)).length, 5, 'neither of them removes it');
  assert.equal((await useLabs(other, t).call('delete', `/labs/${name}`)).status, 200);
  await Promise.all([server.close(), other.close()]);
});

test('a lab that is put off while another server reads that its time is up lives on', { skip }, async (t) => {
  const relay = await startEngineRelay(t);
  const server = await startApp(t);
  const { serverId } = await startApp(t, { env: { DOCKER_HOST: relay.endpoint } });
  const labs = useLabs(server, t);
  const name = labName();
  let locks = 0;
  server.app.services.catalogue.mirrors[0]?.onArrival(({ action, attributes }) => {
    const isOthers = attributes['io.terrarium.server'] === serverId;
    if (action === 'destroy' && isOthers && attributes.name?.startsWith(`terrarium-lab-${name}-lock`)) locks += 1;
  });
  const { expiresAt } = (await labs.apply(name, lab('10s'))).lab;
  const end = Date.parse(expiresAt ?? '');
  // The other's next look at the labs is for the warning, a second before the end.
  await letTimePass(end - 2_000 - Date.now(), 'the reads that come before the warning are not meant');
  let hasRead = false;
  relay.beforeAnswer(/^GET \S+\/volumes/, async () => {
    assert.equal((await labs.call('post', `/labs/${name}/extend`, { ttl: '1h' })).status, 200);
    await letTimePass(end + 500 - Date.now(), 'the answer of before arrives after the end');
    hasRead = true;
  });
  await waitFor((see) => see(hasRead), { what: 'the answer of before' });
  await waitFor((see) => see(locks) === 1, { what: 'the other to take the lock and to give it back' });
  assert.equal((await findLeft(name)).length, 5, 'it reads the end again when nobody else can change it');
  assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
});

test('a lab whose time is up while no server runs is gone soon after the next start', { skip }, async (t) => {
  const server = await startApp({ after });
  const name = labName();
  const { lab: applied } = await useLabs(server, t).apply(name, lab('4s'));
  await server.close();
  await letTimePass(Date.parse(applied.expiresAt ?? '') - Date.now() + 500, 'the time of the lab is up');
  assert.equal((await findLeft(name)).length, 5, 'nobody was there to remove it');
  // No later round of its janitor removes the lab: the interval is an hour.
  const next = await startApp({ after }, { config: { janitorIntervalMs: 3_600_000 } });
  await isGone(name);
  await next.close();
});

for (const offsetMs of [120_000, -120_000]) {
  test(`clocks that are ${offsetMs / 1000} s apart: no lab is removed`, { skip }, async (t) => {
    const server = await startApp({ after });
    const name = labName();
    const { lab: applied } = await useLabs(server, t).apply(name, lab('4s'));
    await server.close();
    const clock = { now: () => Date.now() + offsetMs };
    const skewed = await startApp({ after }, { clock, config: { janitorIntervalMs: 100 } });
    await letTimePass(
      Date.parse(applied.expiresAt ?? '') - Date.now() + 2_000,
      'its time is up, and the janitor looks',
    );
    assert.equal((await findLeft(name)).length, 5);
    assert.deepEqual(await endsOf(skewed, name), [applied.expiresAt], 'its members show their end all the same');
    await skewed.close();
    const right = await startApp({ after });
    await isGone(name);
    await right.close();
  });
}
