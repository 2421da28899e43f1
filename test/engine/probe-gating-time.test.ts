// @lane quiet
// How late a watcher of the gated probe may show what the kernel shows. That the two come to agree at all, whatever is called, is in
// `probe-gating-sweep.test.ts`, whose deadlines say nothing about speed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { rereadAfterMs } from '../../src/domain/observation/staleness.ts';
import { startApp } from '../support/app.ts';
import { execInContainer } from '../support/engine.ts';
import {
  addSilentNeighbour,
  type BridgedScene,
  intervalMs,
  Observation,
  sampleMoments,
  setBridgedScene,
} from '../support/gated-observation.ts';
import { readKernelSockets } from '../support/kernel-sockets.ts';
import { socketSteps } from '../support/socket-program.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'probe' } });

/** Moments at which the watcher and the kernel are compared. */
const moments = 15;

/**
 * An estimate of how long one namespace waits for its turn under the cap, in milliseconds: the cap gives a tenth of a core, so this time pays for 40 ms of
 * CPU time, which is more than two reads of 15 ms each. The product has no constant for it.
 */
const turnMs = 400;

/**
 * Milliseconds in which a watcher has to show what the kernel shows: its interval, the time after which the probe reads rows again that a timer of the
 * kernel may end (`rereadAfterMs.timers`, a second), and its turn under the cap. Twice, because the machine is shared. Together 3 s: far less than the
 * minute after which the probe finds a change that no witness told (`rereadAfterMs.anyway`).
 */
const boundMs = 2 * (intervalMs + rereadAfterMs.timers + turnMs);

test('a watcher shows what the kernel shows within three seconds, also if only a timer ends a row', async (t) => {
  const scene = { ...(await setBridgedScene(t, server)), steps: socketSteps() };
  const tools = await addSilentNeighbour(t, scene);
  // Without a link-local address the kernel sends no router solicitations. They move the counters every few seconds, and would hide a probe that
  // misses the timer.
  const { code } = await execInContainer(tools, 'ip', '-6', 'addr', 'flush', 'dev', 'eth0');
  assert.equal(code, 0);
  const observation = new Observation(t, scene);
  await observation.begin();
  const judgeLastLag = () => {
    const lag = Math.round(observation.lags.at(-1) ?? Number.POSITIVE_INFINITY);
    const late = `the watcher agreed after ${lag} ms, and at most ${boundMs} ms are allowed`;
    assert.ok(lag <= boundMs, observation.context(late));
  };

  // No process moves and no packet comes when the timer ends the row. No request is made either: it would read the tables at once.
  await observation.act(() => openHalf(scene));
  judgeLastLag();
  const readTimed = async () => (await readKernelSockets(scene.pid)).filter(({ isTimed }) => isTimed);
  assert.equal((await readTimed()).length, 1, 'the kernel shows no row that its timer ends');
  await waitFor(async (see) => see(await readTimed()).length === 0, {
    what: 'the timer to end the row',
    intervalMs: 20,
  });
  await observation.settle(0);
  judgeLastLag();
  const [afterTimer = 0] = observation.lags.slice(-1);
  await observation.clear();

  for (const [batch, way] of sampleMoments(scene, moments)) {
    await observation.play(batch, way);
    judgeLastLag();
  }
  assert.ok(
    observation.calls > moments / 2,
    `few calls prove little: ${observation.calls} calls at ${moments} moments`,
  );

  const { calls, lags } = observation;
  t.diagnostic(
    `${calls} calls, ${lags.length} moments, agreement after at most ${Math.round(Math.max(...lags))} ms; ` +
      `${Math.round(afterTimer)} ms after the timer`,
  );
});

/** Opens a connection from an address that no container has: it stays in SYN_RECV until the kernel's timer gives it up, after about three seconds in the scene. */
async function openHalf({ inside, outside, own, nobody }: BridgedScene): Promise<void> {
  await inside.must(`serve a tcp ${own} 80 5`);
  await outside.must(`syn ${nobody} 7000 ${own} 80`);
}
