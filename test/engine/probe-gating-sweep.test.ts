// The probe reads tables only when something may have happened. Random socket calls, and after every few of them the same question to a gated
// reader (a watcher, a request, a watcher that comes just then) and to the kernel itself: they agree within the time that the observer promises, and no
// `asOf` is newer than what it dates. TERRARIUM_SWEEP=1 makes thousands of calls; a failure names its seed and the calls.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp } from '../support/app.ts';
import { type Claim, Journal, spellAll } from '../support/claims.ts';
import {
  callDocker,
  createTestContainer,
  createTestNetwork,
  execInContainer,
  inspectContainer,
} from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { differentialRun } from '../support/generated-strings.ts';
import { readKernelSockets, readShownSocket, type SocketRow } from '../support/kernel-sockets.ts';
import { readMetric } from '../support/metric.ts';
import { type SocketPlayer, startIntruder, startSocketPlayer } from '../support/socket-player.ts';
import { type Deed, type SocketStep, SocketWorld, socketSteps } from '../support/socket-program.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'probe' } });
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { seed } = differentialRun(0);
/** Moments at which a world is compared. */
const moments = isSweep ? 800 : 25;
/** Moments after which a world begins anew. */
const worldLasts = 40;

const intervalMs = 100;
/**
 * Milliseconds in which a watcher has to show what is: its interval, the second of the kernel's timers, and its turn under the cap; twice, because
 * the machine is not ours alone. A change that no witness told would take a minute.
 */
const boundMs = 2 * (intervalMs + 1_000 + 400);

/** Others under the same cap, and how much longer one may have to wait for its turn among them: twice a walk of 15 ms for each, in a tenth of a core. */
const crowdSize = 8;
const crowdBoundMs = 2 * crowdSize * (15 / 0.1);

const ipv6 = { 'net.ipv6.conf.all.disable_ipv6': '0' };
/** So that rows end by themselves while somebody looks. */
const shortTimers = { 'net.ipv4.tcp_fin_timeout': '2', 'net.ipv4.tcp_synack_retries': '1' };
const everywhere = { v4: ['0.0.0.0', '127.0.0.1', '127.77.3.200'], v6: ['::', '::1', '::ffff:127.0.0.1'] };

interface Scene {
  /** The container that is asked about, and its process. */
  readonly id: string;
  readonly pid: number;
  readonly world: SocketWorld;
  readonly steps: fc.Arbitrary<SocketStep>;
  /** Milliseconds in which a watcher has to show what is; {@link boundMs} where not said. */
  readonly boundMs?: number;
  /** How is asked, by chance; see {@link Observation.settle}. */
  readonly ways?: readonly number[];
  /** Which of several with one seed it is. */
  readonly number?: number;
}

class Observation {
  readonly #t: TestContext;
  readonly #scene: Scene;
  readonly #journal = new Journal();
  readonly #claims: Claim[] = [];
  readonly lags: number[] = [];
  calls = 0;
  /** Moments at which nothing but the witnesses could tell: no queue held anything, and no timer ran. */
  restful = 0;
  #watcher: StreamClient | undefined;

  constructor(t: TestContext, scene: Scene) {
    this.#t = t;
    this.#scene = scene;
  }

  async begin(): Promise<void> {
    const watcher = await this.#connect();
    watcher.socket.on('message', () => {
      const frame = watcher.frames.at(-1);
      if (frame?.type === 'snapshot' || frame?.type === 'delta') this.#hear('a watcher', watcher.data);
    });
    await watcher.until('a snapshot', ({ data }) => data);
    this.#watcher = watcher;
  }

  /** Plays the steps, and asks in one of the three ways. */
  play(batch: readonly SocketStep[], way: number): Promise<void> {
    return this.act(async () => {
      for (const step of batch) this.calls += await this.#scene.world.play(step);
    }, way);
  }

  clear(): Promise<void> {
    return this.act(() => this.#scene.world.clear());
  }

  async act(deed: () => Promise<unknown>, way = 0): Promise<void> {
    this.#journal.act();
    await deed();
    await this.settle(way);
  }

  /** Waits until the watcher agrees. Before that it asks in the way 1 for one look, and in the way 2 as another watcher who comes just then. */
  async settle(way: number): Promise<void> {
    const since = performance.now();
    const rows = await this.#readReal();
    if (rows.every(({ isTimed, isQueued }) => !isTimed && !isQueued)) this.restful += 1;
    if (way === 1) await this.#ask();
    if (way === 2) await this.#join();
    if (way > 0) await this.#readReal();
    await this.#awaitAgreement(since, way);
  }

  /** Answers how many claims could be judged, and fails with the first that cannot be true. */
  judge(): { judged: number; unknown: number; pastTheirEnd: readonly number[] } {
    let unknown = 0;
    for (const claim of this.#claims) {
      const verdict = this.#journal.judge(claim);
      if (verdict === 'unknown') unknown += 1;
      else assert.equal(verdict, null, this.#context(verdict ?? ''));
    }
    return { judged: this.#claims.length - unknown, unknown, pastTheirEnd: this.#journal.pastTheirEnd };
  }

  async #awaitAgreement(since: number, way: number): Promise<void> {
    for (;;) {
      const real = spellAll(await this.#readReal());
      const shown = spellAll(readShown(this.#watcher?.data ?? null));
      const lag = performance.now() - since;
      if (real === shown) {
        this.lags.push(lag);
        return;
      }
      if (lag > (this.#scene.boundMs ?? boundMs))
        assert.equal(shown, real, this.#context(`a watcher shows another state after ${lag} ms`));
      await sleep(20);
      // Whoever comes meanwhile is told what is not so any more, and has to be told of what time.
      if (way === 2) await this.#join();
    }
  }

  async #readReal(): Promise<SocketRow[]> {
    const from = Date.now();
    const rows = await readKernelSockets(this.#scene.pid);
    this.#journal.read(rows, { from, to: Date.now() });
    return rows;
  }

  async #ask(): Promise<void> {
    const asked = Date.now();
    const answer = await fetch(netstatUrl(this.#scene.id), { headers: server.headers });
    assert.equal(answer.status, 200);
    const data = (await answer.json()) as Frame;
    assert.ok(Date.parse(data.asOf) >= asked - 2, `asked at ${asked}, and told as of ${data.asOf}`);
    this.#hear('a request', data);
  }

  /** What the stream knows is told at once to one who comes now, with its time. */
  async #join(): Promise<void> {
    const client = await this.#connect();
    await client.until('a snapshot', ({ data }) => data);
    const [first] = client.of('snapshot');
    this.#hear('a watcher that has just come', first?.data);
    await client.close();
  }

  #connect(): Promise<StreamClient> {
    return connectStream(this.#t, `${netstatUrl(this.#scene.id)}&intervalMs=${intervalMs}`, {
      headers: { ...server.headers },
    });
  }

  #hear(via: string, data: Frame | null): void {
    if (data === null) return;
    this.#claims.push({ via, asOf: Date.parse(data.asOf), heardAt: Date.now(), rows: readShown(data) });
  }

  #context(what: string): string {
    return `${what}\nseed ${seed}; the last calls:\n${this.#scene.world.log.slice(-60).join('\n')}`;
  }
}

function readShown(data: Frame | null): SocketRow[] {
  return (data?.sockets ?? []).map(readShownSocket);
}

async function sweep(t: TestContext, scene: Scene): Promise<Observation> {
  const observation = new Observation(t, scene);
  await observation.begin();
  const plan = fc.tuple(
    fc.array(scene.steps, { minLength: 1, maxLength: 4 }),
    fc.constantFrom(...(scene.ways ?? [0, 0, 1, 2])),
  );
  const moment = { settled: 0 };
  for (const [batch, way] of fc.sample(plan, { numRuns: moments, seed: seed + (scene.number ?? 0) })) {
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

function netstatUrl(id: string): string {
  return `${server.url}/api/v1/containers/${id}/netstat?options=tuwan`;
}

async function learn(...ids: string[]): Promise<void> {
  for (const mirror of server.app.services.catalogue.mirrors) for (const id of ids) await mirror.refresh(id);
}

const pidOf = async (id: string): Promise<number> => (await inspectContainer(id)).State.Pid;

interface PlayedScene extends Omit<Scene, 'steps'> {
  readonly inside: SocketPlayer;
}

interface BridgedScene extends PlayedScene {
  readonly outside: SocketPlayer;
  /** Its own address, and one where nobody is. */
  readonly own: string;
  readonly nobody: string;
  /** From now on connections end without a trace. */
  abrupt(): Promise<void>;
}

/** Who plays is the observed container itself, with one across the bridge. */
async function setBridgedScene(t: TestContext): Promise<BridgedScene> {
  const { name: network } = await createTestNetwork(t);
  const inside = await startSocketPlayer(t, {
    body: { HostConfig: { NetworkMode: network, Sysctls: { ...ipv6, ...shortTimers } } },
  });
  const outside = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: network } } });
  const { Networks } = (await inspectContainer(inside.id)).NetworkSettings;
  const own = String(Networks[network].IPAddress);
  const nobody = own.replace(/\d+$/, '222');
  const world = new SocketWorld({
    inside,
    outside,
    ...everywhere,
    v4: [...everywhere.v4, own],
    reach: [own],
    nobody,
  });
  await learn(inside.id);
  const abrupt = async () => {
    for (const player of [inside, outside]) await player.must('abrupt 1');
  };
  return { id: inside.id, pid: await pidOf(inside.id), world, inside, outside, own, nobody, abrupt };
}

/** Who plays is joined to the observed container, which does nothing. */
async function setJoinedScene(t: TestContext): Promise<PlayedScene> {
  const { id } = await createTestContainer(t, {
    body: { HostConfig: { NetworkMode: 'none', Init: false, Sysctls: { ...ipv6, ...shortTimers } } },
  });
  const inside = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: `container:${id}` } } });
  await learn(id, inside.id);
  return { id, pid: await pidOf(id), inside, world: new SocketWorld({ inside, ...everywhere }) };
}

test('all calls, in a container on a bridge', async (t) => {
  await sweep(t, { ...(await setBridgedScene(t)), steps: socketSteps() });
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
  const scene = await setBridgedScene(t);
  await scene.abrupt();
  const { restful, lags } = await sweep(t, { ...scene, steps: socketSteps(quietDeeds) });
  assert.ok(restful > lags.length / 2, `${restful} of ${lags.length} moments are restful`);
});

test('rows that a timer ends, and that nobody notices', async (t) => {
  const scene = await setBridgedScene(t);
  // It answers into the void: without a neighbour the kernel would ask for one, which counters tell.
  const { id: tools } = await createTestContainer(t, {
    body: { HostConfig: { NetworkMode: `container:${scene.id}`, CapAdd: ['NET_ADMIN'], Init: false } },
  });
  const { code } = await execInContainer(tools, 'arp', '-s', scene.nobody, '02:00:00:00:00:09');
  assert.equal(code, 0);
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

test('a connection that only its timers move', { skip: !isSweep && 'takes minutes' }, async (t) => {
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
});

test('several containers at once share the cap', async (t) => {
  const scenes = [await setBridgedScene(t), await setJoinedScene(t), await setJoinedScene(t)];
  await Promise.all(scenes.map((scene, number) => sweep(t, { ...scene, steps: socketSteps(), number })));
});

test('among others whose tables have to be read each time, so that the cap makes it wait', async (t) => {
  const crowd = await Promise.all(
    Array.from({ length: crowdSize }, () => startSocketPlayer(t, { body: { HostConfig: { NetworkMode: 'none' } } })),
  );
  await learn(...crowd.map(({ id }) => id));
  for (const { id, must } of crowd) {
    // What nobody reads stays in the queue.
    for (const call of ['serve a udp 127.0.0.1 9 0', 'open b udp', 'send b 127.0.0.1 9 100']) await must(call);
    await must('many c 900 udp 127.0.0.1 1000');
    const watcher = await connectStream(t, `${netstatUrl(id)}&intervalMs=${intervalMs}`, {
      headers: { ...server.headers },
    });
    await watcher.until('a snapshot', ({ data }) => data);
  }
  const before = await readNumber('late_reads');
  const countLate = async () => (await readNumber('late_reads')) - before;
  // On a busy machine the watchers ask so seldom that the cap delays no read. Requests read at once and use up the cap, so that the watchers have to wait.
  const useUpTheCap = async () => {
    const answers = await Promise.all(crowd.map(({ id }) => fetch(netstatUrl(id), { headers: server.headers })));
    for (const answer of answers) await answer.arrayBuffer();
    return (await countLate()) > 0;
  };
  const world = { ...(await setBridgedScene(t)), steps: socketSteps(), boundMs: boundMs + crowdBoundMs, ways: [2] };
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
  const asksSeldom = async () => {
    const before = await readNumber('questions');
    await sleep(10 * intervalMs);
    return (await readNumber('questions')) - before <= 5;
  };
  await waitFor(asksSeldom, { what: 'the probe to be asked at some moments only', timeoutMs: 60_000 });
}

test('what wakes up a namespace that rests, whoever does it', async (t) => {
  const scene = await setBridgedScene(t);
  await scene.abrupt();
  const { id, inside, outside, own } = scene;
  await inside.must('serve a tcp 0.0.0.0 80 50');
  const { id: tools } = await createTestContainer(t, {
    body: { HostConfig: { NetworkMode: `container:${id}`, CapAdd: ['NET_ADMIN'], Init: false } },
  });
  await learn(tools);
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
