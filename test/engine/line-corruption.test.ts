// A line that damages what it carries (TCP's checksum is sixteen bits wide, and proxies have bugs): a header, a body, a frame of a stream. What can be told to be
// damaged is a clear failure and no answer; what cannot is gone with the next look; and nothing of it ends the process.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import { createRegistry } from '../../src/engine/registry.ts';
import { Failure } from '../../src/schemas/failure.ts';
import { startApp } from '../support/app.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { EngineTruth } from '../support/engine-truth.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { connectStream, type Frame } from '../support/stream-client.ts';
import { type See, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;
const truth = engine === undefined ? undefined : new EngineTruth(engine);

const run = (name: string, body: object = {}) =>
  (truth ?? assert.fail()).run(name, {
    Cmd: ['sleep', '86400'],
    Labels: { 'io.terrarium.managed': 'true' },
    HostConfig: { Init: true },
    ...body,
  });

function startLine(t: TestContext): Promise<ChaosProxy> {
  return startChaosProxy(t, { over: 'tcp', target: engine?.host ?? '' });
}

/** Where the body of an answer begins in its first piece; 0 in a later one. */
function bodyOf(bytes: Buffer): number {
  if (!bytes.subarray(0, 5).equals(Buffer.from('HTTP/'))) return 0;
  return bytes.indexOf('\r\n\r\n') + 4;
}

function flip(bytes: Buffer, at: number, bit = 0x04): Buffer {
  const damaged = Buffer.from(bytes);
  if (at >= 0 && at < damaged.length) damaged[at] = (damaged[at] ?? 0) ^ bit;
  return damaged;
}

test('an answer that is damaged is a failure that says so, and the next one is whole', { skip }, async (t) => {
  const id = await run('answers');
  const line = await startLine(t);
  const adapter = connectEngine({ name: 'far', endpoint: line.endpoint });
  t.after(() => adapter.close());
  const whole = await adapter.inspectContainer(id);
  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    'the protocol': (bytes) => flip(bytes, 1),
    'the name of a header': (bytes) => flip(bytes, bytes.indexOf('Content-Type: '), 0x80),
    'the first brace': (bytes) => flip(bytes, bodyOf(bytes)),
    'a quote': (bytes) => flip(bytes, bytes.indexOf('"Id"')),
    'the last brace': (bytes) => flip(bytes, bytes.lastIndexOf('}')),
  };
  for (const [what, mangle] of Object.entries(damages)) {
    line.set({ kind: 'mangle', mangle, only: /GET \S*\/containers\/[0-9a-f]+\/json/ });
    const failure = await adapter.inspectContainer(id, { deadlineMs: 3_000 }).then(
      (answer) => assert.fail(`${what}: it was answered with ${JSON.stringify(answer).slice(0, 300)}`),
      (error: unknown) => error,
    );
    assert.ok(failure instanceof Failure, `${what}: ${failure}`);
    assert.ok(['engine_unavailable', 'engine_timeout'].includes(failure.code), `${what}: ${failure.code}`);
    assert.match(failure.message, /far|tcp:\/\//, what);
    line.set({ kind: 'none' });
    assert.deepEqual(await adapter.inspectContainer(id), whole, what);
  }
  await truth?.remove(id);
});

test('an event that is damaged: the mirror is taken up anew, and right again', { skip }, async (t) => {
  const line = await startLine(t);
  const adapter = connectEngine({ name: 'far', endpoint: line.endpoint });
  const registry = createRegistry({ engine: adapter });
  t.after(async () => {
    await registry.close();
    await adapter.close();
  });
  registry.start();
  await registry.settled();
  const heard: string[] = [];
  registry.onStatus(({ state, reason }) => heard.push(`${state} ${reason ?? ''}`));
  line.set({ kind: 'mangle', only: /\/events/, mangle: (bytes) => flip(bytes, bytes.indexOf('{"')) });
  const id = await run('event');
  await waitFor((see) => see(heard).some((one) => one.startsWith('stale')), { what: 'stale' });
  line.set({ kind: 'none' });
  await waitFor((see) => see(registry.status().state) === 'live' && see(registry.container(id)?.state) === 'running', {
    what: 'the container to be known',
  });
  await truth?.remove(id);
  await waitFor((see) => see(registry.container(id)) === undefined, { what: 'events to be heard again' });
});

test('a frame of a command that is damaged: no answer that looks whole', { skip }, async (t) => {
  const id = await run('frames');
  const line = await startLine(t);
  const { url, headers } = await startApp(t, { env: { DOCKER_HOST: line.endpoint } });
  const ask = async () => {
    const answer = await fetch(`${url}/api/v1/containers/${id}/exec`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ command: ['sh', '-c', 'echo one; sleep 0.3; echo two'], timeoutMs: 60_000 }),
    });
    return { status: answer.status, body: (await answer.json()) as Frame };
  };
  assert.equal((await ask()).body.stdout, 'one\ntwo\n');
  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    'the kind of a frame': (bytes) => flip(bytes, bodyOf(bytes)),
    'what is zero in a header': (bytes) => flip(bytes, bodyOf(bytes) + 2),
    'the length of a frame, too long': (bytes) => flip(bytes, bodyOf(bytes) + 6, 0x01),
    'the length of a frame, too short': (bytes) => flip(bytes, bodyOf(bytes) + 7, 0x04),
  };
  for (const [what, mangle] of Object.entries(damages)) {
    line.set({ kind: 'mangle', only: /\/exec\/[0-9a-f]+\/start/, mangle });
    const { status, body } = await ask();
    assert.deepEqual([status, body.code], [503, 'engine_unavailable'], `${what}: ${JSON.stringify(body)}`);
    line.set({ kind: 'none' });
    assert.equal((await ask()).body.stdout, 'one\ntwo\n', what);
  }
  await truth?.remove(id);
});

test('a frame of a followed log that is damaged: each line is told, once, in the end', { skip }, async (t) => {
  const id = await run('log', {
    Cmd: ['sh', '-c', 'n=0; while [ $n -lt 40 ]; do n=$((n+1)); echo $n; sleep 0.1; done; sleep 86400'],
  });
  const line = await startLine(t);
  const { url, headers } = await startApp(t, { env: { DOCKER_HOST: line.endpoint } });
  const client = await connectStream(t, `${url}/api/v1/stream`, { headers: { ...headers } });
  client.socket.send(JSON.stringify({ type: 'subscribe', id: 'log', topic: 'logs', container: id, tail: 1_000 }));
  const told = () => client.of('log').flatMap(({ lines }) => lines.map((one: Frame) => one.line));
  await client.until('the first lines', () => told().length > 3);
  let damaged = 0;
  line.set({
    kind: 'mangle',
    only: /\/logs/,
    mangle(bytes) {
      damaged += 1;
      return damaged === 3 ? flip(bytes, 1) : bytes;
    },
  });
  await waitFor((see) => see(damaged) >= 3, { what: 'damage to be done' });
  line.set({ kind: 'none' });
  const all = Array.from({ length: 40 }, (_, index) => String(index + 1));
  await client.until('all lines', () => told().length >= all.length, 30_000);
  assert.deepEqual(told(), all);
  assert.ok(client.of('error').length > 0, 'what went wrong was told');
  await client.close();
  await truth?.remove(id);
});

test('bits that flip anywhere in what the engine says: no crash, and what is known is true again a look later', {
  skip,
}, async (t) => {
  const random = seededRandom(seed);
  const line = await startLine(t);
  const adapter = connectEngine({ name: 'far', endpoint: line.endpoint });
  const clean = connectEngine({ name: 'near', endpoint: engine?.host ?? '' });
  const registry = createRegistry({ engine: adapter, reconcileMs: 500 });
  t.after(async () => {
    await registry.close();
    await adapter.close();
    await clean.close();
  });
  registry.start();
  await registry.settled();
  const strangers: unknown[] = [];
  const note = (error: unknown) => void strangers.push(error);
  process.on('unhandledRejection', note);
  t.after(() => void process.off('unhandledRejection', note));
  const ids = [await run('bits-0', { ExposedPorts: { '80/tcp': {} } }), await run('bits-1')];
  // In each round the mirror reads everything again while bits flip.
  const [flipsARound, listsARound] = [20, 3];
  const countLists = () => line.requests.filter((request) => /^GET \S*\/containers\/json/.test(request)).length;
  let flips = 0;
  let failures = 0;
  for (let round = 0; round < (isSweep ? 60 : 5); round += 1) {
    line.set({
      kind: 'mangle',
      mangle(bytes) {
        if (random() < 0.5) return bytes;
        flips += 1;
        return flip(bytes, Math.floor(random() * bytes.length), 1 << Math.floor(random() * 8));
      },
    });
    const before = { flips, lists: countLists() };
    const damage = async (see: See) => {
      const asked = [
        registry.refresh(ids[0] ?? ''),
        adapter.listNetworks({ deadlineMs: 2_000 }),
        adapter.info({ deadlineMs: 2_000 }),
      ];
      for (const result of await Promise.allSettled(asked)) {
        if (result.status === 'fulfilled') continue;
        failures += 1;
        if (!(result.reason instanceof Failure)) strangers.push(result.reason);
      }
      return see(flips) >= before.flips + flipsARound && see(countLists()) >= before.lists + listsARound;
    };
    await waitFor(damage, { what: 'enough bits to flip', intervalMs: 20 });
    line.set({ kind: 'none' });
    const made = await run(`bits-${round + 2}`);
    ids.push(made);
    const agrees = async () => {
      if (registry.status().state !== 'live') return false;
      const real = await Promise.all((await clean.listContainerIds()).map((id) => clean.inspectContainer(id)));
      const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1);
      return isDeepStrictEqual([...registry.containers()].sort(byId), real.sort(byId));
    };
    await waitFor(agrees, { what: `the mirror to be right, seed ${seed}, round ${round}` });
  }
  assert.deepEqual(strangers, [], `seed ${seed}`);
  assert.ok(flips > 20 && failures > 0, `${flips} flips, ${failures} failures`);
  t.diagnostic(`seed ${seed}: ${flips} bits flipped, ${failures} calls failed by it`);
  for (const id of ids) await truth?.remove(id);
});
