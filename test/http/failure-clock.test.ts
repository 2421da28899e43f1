// Clocks that jump: ours by the clock that the app is given, the engine's by a line that tells another time of it (a time namespace does not move the clock of
// days, so no private engine can have one of its own). What lives for a time goes at its time, and never before; where nobody can tell the time, nothing goes.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { createTestContainer, dockerApi } from '../support/engine.ts';
import { managedLabels } from '../support/managed.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;
// Who looks past the server asks the same engine.
if (engine !== undefined) process.env.DOCKER_HOST = engine.host;

const hour = 3_600_000;
/** Milliseconds. The server knows the engine's clock to the length of a call. */
const clockSlackMs = 5_000;
const isThere = async (id: string) => (await dockerApi('GET', `/containers/${id}/json`)).status === 200;

/** A server whose clock can be set. */
async function startWithClock(t: TestContext, endpoint = engine?.host) {
  const clock = {
    offsetMs: 0,
    now: () => Date.now() + clock.offsetMs,
  };
  const server = await startApp(t, {
    clock,
    env: { DOCKER_HOST: endpoint },
    config: { janitorIntervalMs: 100 },
  });
  return { clock, server, api: useApi(server, t) };
}

for (const jump of [hour, -hour, 40_000, -40_000])
  test(`our clock jumps by ${jump / 1_000} s: who has time left stays, who is made then lives as long as was said`, {
    skip,
  }, async (t) => {
    const { clock, api } = await startWithClock(t);
    const before = await api.create('closed', { ttl: '30m' });
    const short = await api.create('closed', { ttl: '4s' });
    const shortEnds = Date.parse(short.expiresAt ?? '');
    clock.offsetMs = jump;
    const askedAt = Date.now();
    const after = await api.create('closed', { ttl: '30m' });
    // By the engine's clock, which is this machine's and has not moved.
    const began = Date.parse(after.expiresAt ?? '') - hour / 2;
    const isInTime = began >= askedAt - clockSlackMs && began <= Date.now() + clockSlackMs;
    assert.ok(
      isInTime,
      `made at ${new Date(askedAt).toISOString()}, after the jump, it lives until ${after.expiresAt}`,
    );
    const assertLasting = async () => {
      assert.ok(await isThere(before.id), 'the container that had half an hour left is gone');
      assert.ok(await isThere(after.id), 'the container that was made after the jump is gone');
    };
    if (Math.abs(jump) > 60_000) {
      // One of the two clocks is wrong, and nobody knows which.
      await letTimePass(
        Math.max(0, shortEnds - Date.now()) + 1_000,
        'the short life ends, and the janitor looks ten times more',
      );
      assert.ok(await isThere(short.id), 'where the clocks are apart nothing goes');
      await assertLasting();
      clock.offsetMs = 0;
    }
    await waitFor(async (see) => !see(await isThere(short.id)), {
      what: 'it to go once its time is over',
    });
    assert.ok(Date.now() >= shortEnds, 'it went before its time');
    await assertLasting();
  });

/** What the engine says of the time is moved by so many hours; what it says is no longer for it. */
function moveTime(line: ChaosProxy, hours: number): void {
  line.set({
    kind: 'mangle',
    only: /GET \S*\/info$/,
    mangle: (bytes) => {
      const moved = bytes
        .toString('latin1')
        .replace(
          /"SystemTime":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)"/,
          (whole, seconds, fraction = '', zone) => {
            const text = new Date(Date.parse(`${seconds}Z`) + hours * hour).toISOString().slice(0, 19);
            const replaced = `"SystemTime":"${text}${fraction}${zone}"`;
            assert.equal(replaced.length, whole.length);
            return replaced;
          },
        );
      return Buffer.from(moved, 'latin1');
    },
  });
}

for (const hours of [2, -2])
  test(`the engine's clock jumps by ${hours} h: nothing goes until the two agree again`, { skip }, async (t) => {
    const line = await startChaosProxy(t, { target: engine?.host ?? '' });
    const { server, api } = await startWithClock(t, line.endpoint);
    const [mirror] = server.app.services.catalogue.mirrors;
    const long = await api.create('closed', { ttl: '30m' });
    moveTime(line, hours);
    // It is asked what time it is when it comes back.
    line.cut();
    await waitFor((see) => see(Math.abs((mirror?.clockOffsetMs ?? 0) - hours * hour)) < 10_000, {
      what: 'the new time to be known',
    });
    // Made on the engine itself: its time is over by this machine's clock, which both have had until now.
    const short = await createTestContainer(t, {
      body: { Labels: { ...managedLabels, 'io.terrarium.expires-at': new Date(Date.now() - 60_000).toISOString() } },
    });
    await waitFor((see) => see(mirror?.container(short.id)?.state) === 'running', { what: 'the server to see it run' });
    await letTimePass(1_500, 'the janitor looks ten times');
    assert.ok(await isThere(long.id));
    assert.ok(await isThere(short.id), 'where the clocks are apart nothing goes');
    line.set({ kind: 'none' });
    line.cut();
    await waitFor(async (see) => !see(await isThere(short.id)), { what: 'it to go' });
    assert.ok(await isThere(long.id));
  });

test('an answer that is lost while our clock jumps is still found, and undone', { skip }, async (t) => {
  const line = await startChaosProxy(t, { target: engine?.host ?? '' });
  const { clock, api } = await startWithClock(t, line.endpoint);
  clock.offsetMs = hour;
  line.set({ kind: 'cutAfter', bytes: 0, only: /containers\/create/ });
  const lost = api.tryCreate('closed');
  const { status, body } = await lost;
  line.set({ kind: 'none' });
  assert.deepEqual([status, body.code], [503, 'engine_unavailable']);
  await waitFor(async (see) => !see(await isThere(lost.containerName)), { what: 'it to be removed' });
});
