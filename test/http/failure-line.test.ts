// The TCP line between server and engine: cut, slow, narrow, silent, half open, while clients do all that they do. Nothing that was acknowledged is lost,
// nothing is left, and who watches is told in time and does nothing for it. A line that is only slow is nobody's outage.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { type Cleanup, runCommand } from '../support/engine.ts';
import { EngineTruth, Pinger } from '../support/engine-truth.ts';
import { playOutage } from '../support/outage.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';
import { Workload } from '../support/workload.ts';

const random = seededRandom(seed);
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const rounds = isSweep ? 8 : 1;
const skip = whyNoPrivateEngine();
const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest', tcp: true }) : undefined;

interface Stage {
  readonly truth: EngineTruth;
  readonly pinger: Pinger;
  readonly workload: Workload;
}

let stages = 0;

/** A server that reaches the engine by `endpoint`, and everybody at work. */
async function setStage(t: Cleanup, own: PrivateEngine, endpoint: string): Promise<Stage> {
  stages += 1;
  const host = await startApp(t, { env: { DOCKER_HOST: endpoint, TERRARIUM_INSECURE_ENGINE: 'true' } });
  const truth = new EngineTruth(own);
  const { hostname, port } = new URL(endpoint.replace(/^tcp:/, 'http:'));
  const pinger = new Pinger(t, { host: hostname, port: Number(port) });
  const workload = await Workload.begin(t, {
    host,
    truth,
    name: `line-${stages}`,
    random: seededRandom(seed + stages),
  });
  await awaitCreates(workload, 1);
  return { truth, pinger, workload };
}

/** Waits until clients have created so many more containers. */
async function awaitCreates({ ledger }: Workload, more: number): Promise<void> {
  const { created } = ledger.numbers;
  // After a half-open line, a write may be given up only after a minute.
  await waitFor((see) => see(ledger.numbers).created >= created + more, {
    what: `${more} more to be created`,
    timeoutMs: 120_000,
  });
}

async function settle({ workload, pinger }: Stage): Promise<string> {
  await awaitCreates(workload, 1);
  await workload.stop();
  await pinger.stop();
  const account = await workload.judge();
  await workload.leave();
  return `seed ${seed}: ${JSON.stringify(account)}`;
}

const faults: Record<string, { begin(line: ChaosProxy): void }> = {
  'cut, and refuses': {
    begin(line) {
      line.set({ kind: 'refuse' });
      line.cut();
    },
  },
  silent: { begin: (line) => line.set({ kind: 'blackHole' }) },
  // A write that was under way is given up after a minute.
  ...(isSweep && { 'half open': { begin: (line: ChaosProxy) => line.set({ kind: 'lose' }) } }),
};

for (const [name, { begin }] of Object.entries(faults))
  test(`a line that is ${name} for a while`, { skip }, async (t) => {
    const own = engine ?? assert.fail();
    for (let round = 0; round < rounds; round += 1) {
      const line = await startChaosProxy(t, { over: 'tcp', target: own.host });
      const stage = await setStage(t, own, line.endpoint);
      const times = await playOutage({
        ...stage,
        begin: () => begin(line),
        end: () => line.set({ kind: 'none' }),
        lastsMs: isSweep ? 1_000 + 10_000 * random() : 2_500,
      });
      t.diagnostic(`${JSON.stringify(times)} ${await settle(stage)}`);
    }
  });

const dropPackets = async (t: TestContext) => {
  const own = engine ?? assert.fail();
  const rule = async (verb: '-I' | '-D') => {
    for (const chain of [
      ['INPUT', '-i'],
      ['OUTPUT', '-o'],
    ]) {
      const words = [verb, chain[0] ?? '', chain[1] ?? '', 'cable', '-j', 'DROP'];
      const enter = ['--target', String(own.pid), '--net', '--', 'iptables', '-w', ...words];
      const { code, stderr } = await runCommand('nsenter', enter);
      assert.equal(code, 0, stderr);
    }
  };
  for (let round = 0; round < rounds; round += 1) {
    const stage = await setStage(t, own, own.tcpHost ?? '');
    const times = await playOutage({ ...stage, begin: () => rule('-I'), end: () => rule('-D'), lastsMs: 3_000 });
    t.diagnostic(`${JSON.stringify(times)} ${await settle(stage)}`);
  }
};

// It takes a minute, and shows what the silent line shows.
if (isSweep)
  test('packets that are dropped on the wire: the kernels of both sides know of nothing', { skip }, dropPackets);

for (const [name, fault] of [
  ['slow: each piece of an answer comes 150 ms later', { kind: 'delay', ms: 150 }],
  ...(isSweep ? [['narrow: 64 kB a second', { kind: 'throttle', bytesPerSecond: 64_000 }] as const] : []),
] as const)
  test(`a line that is ${name}`, { skip }, async (t) => {
    const own = engine ?? assert.fail();
    const line = await startChaosProxy(t, { over: 'tcp', target: own.host });
    const stage = await setStage(t, own, line.endpoint);
    line.set(fault);
    // Each of the two creators may have been at one when the line became slow.
    await Promise.all([
      awaitCreates(stage.workload, 3),
      letTimePass(isSweep ? 34_000 : 7_000, 'a line that is slow for long could be taken for one that is cut'),
    ]);
    line.set({ kind: 'none' });
    t.diagnostic(await settle(stage));
    assert.equal(stage.workload.ledger.numbers.refused, 0, 'a slow line refuses nothing');
    for (const { carrier, told } of stage.workload.followers)
      assert.ok(
        told.every(({ state }) => state === 'live'),
        `by ${carrier} a slow line is told to be an engine that is away`,
      );
  });
