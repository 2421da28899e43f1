// The probe reads tables only when something may have happened. Random socket calls, and after every few of them the same question to a gated
// reader (a watcher, a request, a watcher that comes just then) and to the kernel itself: they come to agree, no read of each minute is needed for it, and
// no `asOf` is newer than what it dates. How soon they agree is printed here, and asserted in `probe-gating-time.test.ts`. TERRARIUM_SWEEP=1 makes thousands
// of calls; a failure names its seed and the calls.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { callDocker, createTestContainer, createTestNetwork, execInContainer } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import {
  addSilentNeighbour,
  everywhere,
  intervalMs,
  ipv6,
  learn,
  netstatUrl,
  Observation,
  type PlayedScene,
  pidOf,
  type Scene,
  sampleMoments,
  seed,
  setBridgedScene,
  shortTimers,
} from '../support/gated-observation.ts';
import { readMetric } from '../support/metric.ts';
import { type SocketPlayer, startIntruder, startSocketPlayer } from '../support/socket-player.ts';
import { type Deed, SocketWorld, socketSteps } from '../support/socket-program.ts';
import { connectStream } from '../support/stream-client.ts';
import { letTimePass, type See, waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'probe' } });
const isSweep = process.env.TERRARIUM_SWEEP === '1';
/** Moments at which a world is compared. */
const moments = isSweep ? 800 : 25;
/** Moments after which a world begins anew. */
const worldLasts = 40;

/** How many others read under the same cap. */
const crowdSize = 8;

async function sweep(t: TestContext, scene: Scene): Promise<Observation> {
  const observation = new Observation(t, scene);
  await observation.begin();
  const moment = { settled: 0 };
  for (const [batch, way] of sampleMoments(scene, moments)) {
    await observation.play(batch, way);
    moment.settled += 1;
    if (moment.settled % worldLasts === 0) await observation.clear();
  }
  const { judged, unknown, pastTheirEnd } = observation.judge();
  const { lags, calls, restful } = observation;
  const sorted = [...lags].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  t.diagnostic(
    `${calls} calls, ${lags.length} moments (${restful} restful), agreement after p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, at most ${at(1)} ms; ` +
      `${judged} claims hold, ${unknown} could not be judged, ${pastTheirEnd.length} showed a row up to ${Math.round(Math.max(0, ...pastTheirEnd))} ms past its end; seed ${seed}`,
  );
  // Beside other test files fewer claims can be judged: what is read takes longer.
  const [leastCalls, leastJudged] = isSweep ? [moments, moments / 4] : [moments / 2, 0];
  const isEnough = calls > leastCalls && judged > leastJudged;
  assert.ok(
    isEnough,
    `a sweep that does little proves little: ${calls} calls, ${judged} claims judged, ${moments} moments`,
  );
  return observation;
}

const readNumber = (name: string) => readMetric(server, `probe_${name}_total`);

/** Who plays is joined to the observed container, which does nothing. */
async function setJoinedScene(t: TestContext): Promise<PlayedScene> {
  const { id } = await createTestContainer(t, {
    body: { HostConfig: { NetworkMode: 'none', Init: false, Sysctls: { ...ipv6, ...shortTimers } } },
  });
  const inside = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: `container:${id}` } } });
  await learn(server, id, inside.id);
  return { server, id, pid: await pidOf(id), inside, world: new SocketWorld({ inside, ...everywhere }) };
}

test('all calls, in a container on a bridge', async (t) => {
  await sweep(t, { ...(await setBridgedScene(t, server)), steps: socketSteps() });
});

test('all calls, by one who has joined', async (t) => {
  const scene = await setJoinedScene(t);
  const observation = await sweep(t, { ...scene, steps: socketSteps() });
  const calls = Array.from({ length: 5 }, (_, i) => `serve x${i} ${i % 2 ? 'udp' : 'tcp'} 127.0.0.1 ${7001 + i} 1`);
  await observation.act(async () => {
    for (const call of calls) await scene.inside.must(call);
  });
  // All that it has opened goes with it, and so does the account of its CPU time.
  await observation.act(() => callDocker('POST', `/containers/${scene.inside.id}/kill`), 1);
  observation.judge();
});

/** Nothing stays in a queue, and no timer runs, so that nothing but a witness tells of a change. */
const quietDeeds: Deed[] = ['serve', 'serveUdp', 'connectUdp', 'meet', 'close', 'reset', 'swap', 'hold', 'kill'];

test('calls of which the witnesses alone tell', async (t) => {
  const scene = await setBridgedScene(t, server);
  await scene.abrupt();
  const { restful, lags } = await sweep(t, { ...scene, steps: socketSteps(quietDeeds) });
  assert.ok(restful > lags.length / 2, `${restful} of ${lags.length} moments are restful`);
});

test('rows that a timer ends, and that nobody notices', async (t) => {
  const scene = await setBridgedScene(t, server);
  await addSilentNeighbour(t, scene);
  const observation = new Observation(t, { ...scene, steps: socketSteps() });
  await observation.begin();
  const [serve] = fc.sample(socketSteps(['serve']), 1);
  assert.ok(serve);
  await observation.play([{ ...serve, choice: 10, who: 0, port: 80 }], 0);
  for (let round = 0; round < (isSweep ? 10 : 1); round += 1) {
    await observation.play(fc.sample(socketSteps(['halfOpen']), { numRuns: 5, seed: seed + round }), 1);
    for (const end = Date.now() + 6_000; Date.now() < end; ) await observation.settle(1 + (Date.now() % 2));
  }
  const { judged, pastTheirEnd } = observation.judge();
  t.diagnostic(
    `${judged} claims, ${pastTheirEnd.length} showed a row past its end, for at most ${Math.round(Math.max(0, ...pastTheirEnd))} ms`,
  );
  assert.ok(observation.calls > 5);
});

const watchTimersAlone = async (t: TestContext) => {
  const scene = await setJoinedScene(t);
  const { inside } = scene;
  for (const call of ['serve a tcp 127.0.0.1 80 5', 'open b tcp', 'connect b 127.0.0.1 80', 'accept a c'])
    await inside.must(call);
  for (const name of ['b', 'c']) await inside.must(`set ${name} keepalive 1`);
  const observation = new Observation(t, { ...scene, steps: socketSteps() });
  await observation.begin();
  const before = await readNumber('forced_reads');
  await waitFor(async (see) => see(await readNumber('forced_reads')) > before, {
    what: 'a forced read',
    timeoutMs: 90_000,
  });
  await observation.settle(1);
  observation.judge();
};

// It waits for the read of each minute.
if (isSweep) test('a connection that only its timers move', watchTimersAlone);

test('several containers at once share the cap', async (t) => {
  const scenes = [await setBridgedScene(t, server), await setJoinedScene(t), await setJoinedScene(t)];
  await Promise.all(scenes.map((scene, number) => sweep(t, { ...scene, steps: socketSteps(), number })));
});

test('among others whose tables have to be read each time, so that the cap makes it wait', async (t) => {
  const crowd = await Promise.all(
    Array.from({ length: crowdSize }, () => startSocketPlayer(t, { body: { HostConfig: { NetworkMode: 'none' } } })),
  );
  await learn(server, ...crowd.map(({ id }) => id));
  for (const { id, must } of crowd) {
    // What nobody reads stays in the queue.
    for (const call of ['serve a udp 127.0.0.1 9 0', 'open b udp', 'send b 127.0.0.1 9 100']) await must(call);
    await must('many c 900 udp 127.0.0.1 1000');
    const watcher = await connectStream(t, `${netstatUrl(server, id)}&intervalMs=${intervalMs}`, {
      headers: { ...server.headers },
    });
    await watcher.until('a snapshot', ({ data }) => data);
  }
  const before = await readNumber('late_reads');
  const countLate = async () => (await readNumber('late_reads')) - before;
  // On a busy machine the watchers ask so seldom that the cap delays no read. Requests read at once and use up the cap, so that the watchers have to wait.
  const useUpTheCap = async (see: See) => {
    const answers = await Promise.all(
      crowd.map(({ id }) => fetch(netstatUrl(server, id), { headers: server.headers })),
    );
    for (const answer of answers) await answer.arrayBuffer();
    return see(await countLate()) > 0;
  };
  const world = { ...(await setBridgedScene(t, server)), steps: socketSteps(), ways: [2] };
  await Promise.all([
    sweep(t, world),
    waitFor(useUpTheCap, { what: 'the cap to make one read wait', timeoutMs: 60_000, intervalMs: 1 }),
  ]);
  const late = await countLate();
  t.diagnostic(`${late} reads had to wait`);
  if (isSweep) assert.ok(late > moments, 'few reads had to wait');
});

/** Waits until the probe looks by itself. */
async function awaitPace(): Promise<void> {
  const asksSeldom = async (see: See) => {
    const before = await readNumber('questions');
    await letTimePass(10 * intervalMs, 'a probe that does not look by itself is asked ten times in this time');
    return see((await readNumber('questions')) - before) <= 5;
  };
  await waitFor(asksSeldom, { what: 'the probe to be asked at some moments only', timeoutMs: 60_000 });
}

test('what wakes up a namespace that rests, whoever does it', async (t) => {
  const scene = await setBridgedScene(t, server);
  await scene.abrupt();
  const { id, inside, outside, own } = scene;
  await inside.must('serve a tcp 0.0.0.0 80 50');
  const { id: tools } = await createTestContainer(t, {
    body: { HostConfig: { NetworkMode: `container:${id}`, CapAdd: ['NET_ADMIN'], Init: false } },
  });
  await learn(server, tools);
  const intruder = await startIntruder(t, scene.pid);
  const { name: network } = await createTestNetwork(t);
  const run = async (line: string) => {
    const { code, stderr } = await execInContainer(tools, 'sh', '-c', line);
    assert.equal(code, 0, `${line}: ${stderr}`);
  };
  const finish = async () => {
    await inside.must('accept a e');
    await inside.must('close e');
  };
  const deeds: [string, () => Promise<unknown>][] = [
    ['an exec listens', () => run('httpd -p 81')],
    ['the kernel alone takes a connection', () => connectFrom(outside, own)],
    ['it is taken, and ended', finish],
    ['somebody from the host listens', () => intruder.must('serve c tcp 127.0.0.1 82 5')],
    ['he binds', () => intruder.must('serve d udp 127.0.0.1 53 0')],
    ['he leaves', () => intruder.must('clear')],
    ['another network comes', () => callDocker('POST', `/networks/${network}/connect`, { Container: id })],
    ['an address, and a listener there', () => run('ip addr add 10.77.0.9/32 dev lo && httpd -p 10.77.0.9:83')],
    ['the network goes', () => callDocker('POST', `/networks/${network}/disconnect`, { Container: id })],
    ['they end', () => run('killall httpd; ip addr del 10.77.0.9/32 dev lo')],
    ['one who joins listens', () => joinAndListen(t, id)],
  ];
  const observation = new Observation(t, { ...scene, steps: socketSteps() });
  await observation.begin();
  for (let round = 0; round < (isSweep ? 12 : 1); round += 1)
    for (const [what, deed] of deeds) {
      // Until then it waits in a queue, and the tables are read each time.
      if (deed !== finish) await awaitPace();
      scene.world.log.push(what);
      await observation.act(deed, round % 3);
    }
  const { judged } = observation.judge();
  const { lags } = observation;
  t.diagnostic(
    `${lags.length} deeds, agreement after at most ${Math.round(Math.max(...lags))} ms; ${judged} claims hold`,
  );
});

async function connectFrom(player: SocketPlayer, address: string): Promise<void> {
  await player.must('open b tcp');
  await player.must(`connect b ${address} 80`);
}

async function joinAndListen(t: TestContext, id: string): Promise<void> {
  const { id: joined } = await createTestContainer(t, {
    body: { Cmd: ['httpd', '-f', '-p', '84'], HostConfig: { NetworkMode: `container:${id}`, Init: false } },
  });
  await waitFor(async (see) => see((await execInContainer(joined, 'netstat', '-tln')).stdout).includes(':84 '), {
    what: 'it to listen',
  });
  await callDocker('DELETE', `/containers/${joined}?force=true`);
}

test('no forced read found what no witness had told', async () => {
  assert.equal(await readNumber('forced_changes'), 0);
});
