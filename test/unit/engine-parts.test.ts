// The small pure parts of the engine's side: versions, references, lines, delays, effects of events, memory of events.
import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseDelay } from '../../src/engine/backoff.ts';
import { compareVersions, negotiateVersion, spoken } from '../../src/engine/docker/api-version.ts';
import { splitImageReference } from '../../src/engine/docker/image-reference.ts';
import { readLines } from '../../src/engine/docker/ndjson.ts';
import { readContainer, readEvent, readPullProgress } from '../../src/engine/docker/translate-facts.ts';
import type { EngineEvent } from '../../src/engine/engine.ts';
import { findEffects, isShown } from '../../src/engine/event-effects.ts';
import { EventMemory } from '../../src/engine/event-memory.ts';
import { Listeners } from '../../src/engine/listeners.ts';
import { Failure } from '../../src/schemas/failure.ts';
import fc from '../support/fast-check.ts';

const engine = { name: 'local', endpoint: 'unix:///x' };

test('versions compare as numbers, not as text', () => {
  assert.ok(compareVersions('1.9', '1.44') < 0);
  assert.ok(compareVersions('2.0', '1.99') > 0);
  assert.equal(compareVersions('1.44', '1.44'), 0);
});

test('the highest version that both speak is taken', () => {
  assert.equal(negotiateVersion({ min: '1.24', max: '1.45' }, engine), '1.45', 'Docker 26');
  assert.equal(negotiateVersion({ min: '1.24', max: '1.44' }, engine), '1.44', 'Docker 25');
  assert.equal(negotiateVersion({ min: '1.44', max: '1.52' }, engine), spoken.max, 'Docker 29');
  const refusal = (min: string, max: string, hint: RegExp) =>
    assert.throws(
      () => negotiateVersion({ min, max }, engine),
      (error) => error instanceof Failure && error.code === 'engine_refused' && hint.test(error.hint ?? ''),
    );
  refusal('1.12', '1.41', /Docker 25 or newer/);
  refusal('1.60', '1.70', /Update Terrarium/);
});

test('image references are split as the pull call wants them', () => {
  const cases: Record<string, [string, string]> = {
    busybox: ['busybox', 'latest'],
    'busybox:1.36': ['busybox', '1.36'],
    'localhost:5000/lab/web': ['localhost:5000/lab/web', 'latest'],
    'localhost:5000/lab/web:v1': ['localhost:5000/lab/web', 'v1'],
    'busybox@sha256:abc': ['busybox', 'sha256:abc'],
    'localhost:5000/web:v1@sha256:abc': ['localhost:5000/web', 'sha256:abc'],
  };
  for (const [reference, [repository, tag]] of Object.entries(cases)) {
    assert.deepEqual(splitImageReference(reference), { repository, tag }, reference);
  }
});

test('lines come out whole, however the bytes are cut', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/\s/g, '·'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      async (sent, cuts, end, isEnded) => {
        const bytes = Buffer.from(sent.join(end) + (isEnded ? end : ''));
        async function* wire() {
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const length = cuts[turn % cuts.length] ?? 1;
            yield bytes.subarray(at, at + length);
            at += length;
          }
        }
        const read: string[] = [];
        for await (const text of readLines(wire())) read.push(text);
        assert.deepEqual(
          read,
          sent.filter((text) => text !== ''),
        );
      },
    ),
  );
});

test('a line that never ends is given up', async () => {
  async function* wire() {
    for (;;) yield Buffer.alloc(1024 * 1024, 'x');
  }
  await assert.rejects(async () => {
    for await (const _ of readLines(wire())) assert.fail('there is no line');
  }, /longer than/);
});

test('the delay doubles from 100 ms to 2 s, less a random part of at most half', () => {
  const longest = Array.from({ length: 8 }, (_, attempt) => chooseDelay(attempt, () => 0));
  assert.deepEqual(longest, [100, 200, 400, 800, 1600, 2000, 2000, 2000]);
  assert.equal(chooseDelay(0, () => 0.999999) >= 50, true);
  assert.equal(
    chooseDelay(1e6, () => 0),
    2000,
  );
});

test('an event keeps its nanoseconds, and its command line stays with the engine', () => {
  const line =
    '{"Type":"container","Action":"exec_create: sh -c echo \\"timeNano\\":5 $SECRET","Actor":{"ID":"abc","Attributes":{"name":"\\"timeNano\\":7"}},"scope":"local","time":1795476613,"timeNano":1795476613239473667}';
  assert.deepEqual(readEvent(line), {
    type: 'container',
    action: 'exec_create',
    id: 'abc',
    attributes: { name: '"timeNano":7' },
    timeNano: 1795476613239473667n,
  });
  assert.throws(() => readEvent(line.slice(0, -5)), SyntaxError);
});

test("a pull's error is found in both of its places", () => {
  assert.deepEqual(readPullProgress('{"status":"Downloading","id":"a1","progressDetail":{"current":5,"total":9}}'), {
    status: 'Downloading',
    layer: 'a1',
    current: 5,
    total: 9,
  });
  assert.equal(readPullProgress('{"errorDetail":{"message":"no"},"error":"no"}').error, 'no');
  assert.equal(readPullProgress('{"error":"no"}').error, 'no');
});

test('an inspect answer with everything left out or null is still a container', () => {
  const bare = readContainer({ Id: 'x' });
  assert.equal(bare.id, 'x');
  const nulls = readContainer({
    Id: 'x',
    Args: null,
    Config: { Labels: null, ExposedPorts: null },
    HostConfig: { PortBindings: null, CapAdd: null },
    NetworkSettings: { Ports: null, Networks: null },
  });
  assert.deepEqual(nulls, bare);
  const ports = readContainer({
    Id: 'x',
    Config: { ExposedPorts: { '8000-8002/udp': {}, '9/tcp': {}, 'odd/tcp': {} } },
    HostConfig: {
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '0' }, { HostPort: '8000-8010' }], '81/tcp': null },
    },
    NetworkSettings: { Ports: { '80/tcp': [{ HostIp: '::', HostPort: '8003' }], '82/tcp': null } },
  });
  assert.deepEqual(
    ports.exposedPorts.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`),
    ['8000/udp', '8001/udp', '8002/udp', '9/tcp'],
  );
  assert.deepEqual(ports.portBindings, [
    { containerPort: 80, protocol: 'tcp', hostIp: '', hostPort: '' },
    { containerPort: 80, protocol: 'tcp', hostIp: '', hostPort: '8000-8010' },
  ]);
  assert.deepEqual(ports.ports, [{ containerPort: 80, protocol: 'tcp', hostIp: '::', hostPort: 8003 }]);
});

function event(fields: Partial<EngineEvent>): EngineEvent {
  return { type: 'container', action: 'start', id: 'c1', attributes: {}, timeNano: 1n, ...fields };
}

test('each event asks for what it changes and for nothing else', () => {
  for (const action of ['create', 'start', 'die', 'stop', 'pause', 'unpause', 'rename', 'update', 'oom']) {
    assert.deepEqual(findEffects(event({ action })), { reread: 'c1' }, action);
  }
  assert.deepEqual(findEffects(event({ action: 'destroy' })), { forget: 'c1' });
  for (const action of ['exec_create', 'exec_start', 'exec_die', 'health_status', 'attach', 'top', 'kill']) {
    assert.deepEqual(findEffects(event({ action })), {}, action);
  }
  const network = { type: 'network', id: 'n1', attributes: { container: 'c2' } };
  assert.deepEqual(findEffects(event({ ...network, action: 'connect' })), { reread: 'c2' });
  assert.deepEqual(findEffects(event({ ...network, action: 'disconnect' })), { reread: 'c2' });
  assert.deepEqual(findEffects(event({ ...network, action: 'create', attributes: {} })), { networks: true });
  assert.deepEqual(findEffects(event({ ...network, action: 'destroy', attributes: {} })), { networks: true });
  assert.deepEqual(findEffects(event({ type: 'daemon', action: 'reload' })), { info: true });
  assert.deepEqual(findEffects(event({ type: 'image', action: 'pull' })), {});
});

test('a start is shown by who runs since then, and by nobody else', () => {
  const at = Date.parse('2026-01-01T00:00:10.000Z');
  const start = event({ timeNano: BigInt(at) * 1_000_000n });
  const since = (ms: number, Status = 'running') =>
    readContainer({ Id: 'c1', State: { Status, StartedAt: new Date(at + ms).toISOString() } });
  for (const ms of [-100, -3, 0, 5, 60_000]) assert.equal(isShown(start, since(ms)), true, `${ms} ms`);
  for (const ms of [-101, -60_000]) assert.equal(isShown(start, since(ms)), false, `${ms} ms`);
  for (const state of ['created', 'exited', 'restarting', 'paused', 'removing', 'dead'])
    assert.equal(isShown(start, since(0, state)), false, state);
  assert.equal(
    isShown(start, readContainer({ Id: 'c1', State: { Status: 'running' } })),
    false,
    'since when is not known',
  );
  for (const action of ['create', 'restart', 'die', 'unpause', 'rename', 'update'])
    assert.equal(isShown({ ...start, action }, since(0)), false, action);
  assert.equal(isShown({ ...start, type: 'network', action: 'connect' }, since(0)), false);
});

test('an event is noted once, and the feed is taken up again a little before the latest', () => {
  const memory = new EventMemory();
  assert.equal(memory.since, undefined);
  const at = (timeNano: bigint) => event({ timeNano });
  assert.equal(memory.note(at(10_000_000_000n)), true);
  assert.equal(memory.note(at(10_000_000_000n)), false);
  assert.equal(
    memory.note(event({ timeNano: 10_000_000_000n, id: 'c2' })),
    true,
    'another container, the same instant',
  );
  assert.equal(memory.note(at(9_999_999_999n)), true, 'late, but new');
  assert.equal(memory.since, 8_000_000_000n);
  for (let index = 0n; index < 5_000n; index += 1n) memory.note(at(20_000_000_000n + index));
  assert.equal(memory.note(at(20_000_004_999n)), false, 'the latest are remembered');
  assert.equal(memory.note(at(10_000_000_000n)), true, 'the memory is bounded');
  memory.clear();
  assert.equal(memory.since, undefined);
});

test("one listener's fault is nobody else's", () => {
  const faults: unknown[] = [];
  const heard: string[] = [];
  const listeners = new Listeners<string>((error) => faults.push(error));
  const remove = listeners.add(() => {
    throw new Error('mine');
  });
  const listener = (news: string) => heard.push(news);
  listeners.add(listener);
  const removeSecond = listeners.add(listener);
  listeners.tell('a');
  remove();
  removeSecond();
  listeners.tell('b');
  assert.deepEqual(heard, ['a', 'a', 'b']);
  assert.equal(faults.length, 1);
});
