// The rules of terrarium.v1 that hold for any subject: who gets a delta, what is shared, and that no client is ever wrong.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Failure } from '../../src/schemas/failure.ts';
import { Hub, type HubOptions } from '../../src/streams/hub.ts';
import fc from '../support/fast-check.ts';
import { PlayedSubject, PlayedWire, type Row } from '../support/played-stream.ts';

function makeHub(t: Pick<TestContext, 'after'>, options: Partial<HubOptions> = {}): Hub {
  const hub = new Hub({ bootId: 'boot', heartbeatMs: 3_600_000, ...options });
  t.after(() => hub.close());
  return hub;
}

function follow(hub: Hub, subject: PlayedSubject, intervalMs = 0, closeAtEnd = true) {
  const wire = new PlayedWire();
  const session = hub.connect(wire);
  session.subscribe(subject, { intervalMs, closeAtEnd });
  return { wire, session };
}

const row = (id: string, value = 0): Row => ({ id, value });
const byId = (rows: readonly Row[] | undefined) => new Map(rows?.map((one) => [one.id, one]));

test('hello, state, snapshot, then what changes', (t) => {
  const subject = new PlayedSubject();
  const { wire } = follow(makeHub(t), subject);
  subject.say('live');
  subject.publish([row('a'), row('b')]);
  subject.publish([row('a'), row('b')]);
  subject.publish([row('b', 1), row('c')]);
  assert.deepEqual(
    wire.frames.map(({ type }) => type),
    ['hello', 'state', 'snapshot', 'delta'],
  );
  const [hello, state, snapshot, delta] = wire.frames;
  assert.deepEqual(hello, { type: 'hello', version: 'terrarium.v1', bootId: 'boot', heartbeatMs: 3_600_000 });
  assert.deepEqual([state?.state, state?.reason, state?.key], ['live', null, subject.key]);
  assert.deepEqual([snapshot?.seq, snapshot?.key, snapshot?.data.sockets.length], [1, subject.key, 2]);
  assert.equal('text' in (snapshot ?? {}), false);
  assert.deepEqual(
    [delta?.base, delta?.seq, delta?.added, delta?.removed, delta?.changed],
    [1, 2, [row('c')], ['a'], [row('b', 1)]],
  );
});

test('a newcomer gets the state and the newest snapshot, and then the same bytes as everyone', (t) => {
  const hub = makeHub(t);
  const subject = new PlayedSubject();
  const first = follow(hub, subject).wire;
  subject.say('live');
  subject.publish([row('a')]);
  subject.publish([row('a'), row('b')]);
  const second = follow(hub, new PlayedSubject()).wire;
  assert.deepEqual(
    second.frames.map(({ type }) => type),
    ['hello', 'state', 'snapshot'],
  );
  assert.equal(second.frames[2]?.seq, 2);
  subject.publish([row('b')]);
  assert.equal(first.sent.at(-1), second.sent.at(-1), 'one encoding for both');
  assert.equal(subject.opened, 1);
  assert.equal(hub.size.channels, 1);
});

test('what beside the rows has changed comes as a snapshot', (t) => {
  const subject = new PlayedSubject();
  const { wire } = follow(makeHub(t), subject);
  subject.publish([row('a')], { rest: 'one' });
  subject.publish([row('a'), row('b')], { rest: 'two' });
  assert.deepEqual(
    wire.frames.map(({ type, seq }) => [type, seq]),
    [
      ['hello', undefined],
      ['snapshot', 1],
      ['snapshot', 2],
    ],
  );
  assert.equal(wire.data?.rest, 'two');
});

test('text alone: a snapshot when the text has changed, never data', (t) => {
  const subject = new PlayedSubject({ format: 'text' });
  const { wire } = follow(makeHub(t), subject);
  subject.publish([], { text: 'one' });
  subject.publish([], { text: 'one' });
  subject.publish([], { text: 'two' });
  assert.deepEqual(
    wire.of('snapshot').map(({ seq, data, text }) => [seq, data, text]),
    [
      [1, null, 'one'],
      [2, null, 'two'],
    ],
  );
  assert.equal(wire.of('delta').length, 0);
});

test('both: a delta only where the text has stayed the same', (t) => {
  const subject = new PlayedSubject({ format: 'both' });
  const { wire } = follow(makeHub(t), subject);
  subject.publish([row('a')], { text: 'one' });
  subject.publish([row('a', 1)], { text: 'one' });
  subject.publish([row('a', 2)], { text: 'two' });
  subject.publish([row('a', 2)], { text: 'three' });
  assert.deepEqual(
    wire.frames.slice(1).map(({ type, text }) => [type, text]),
    [
      ['snapshot', 'one'],
      ['delta', undefined],
      ['snapshot', 'two'],
      ['snapshot', 'three'],
    ],
  );
  assert.deepEqual(wire.data?.sockets, [row('a', 2)]);
});

test('a newcomer is told when the state was last seen to be so, by the same bytes until it was seen again', (t) => {
  const hub = makeHub(t);
  const subject = new PlayedSubject();
  const first = follow(hub, subject).wire;
  subject.publish([row('a')]);
  const at = Date.parse('2026-01-31T12:00:00.000Z');
  const come = (seen: PlayedSubject['seen']) => {
    subject.seen = seen;
    const { wire } = follow(hub, new PlayedSubject());
    const [snapshot] = wire.of('snapshot');
    return { times: [snapshot?.at, snapshot?.data.asOf].map((time) => Date.parse(time)), bytes: wire.sent.at(-1) };
  };
  const [second, third, fourth] = [
    come({ at, asOf: at - 5 }),
    come({ at, asOf: at - 5 }),
    come({ at: at + 1_000, asOf: at + 990 }),
  ];
  assert.deepEqual(
    [second.times, fourth.times],
    [
      [at, at - 5],
      [at + 1_000, at + 990],
    ],
  );
  assert.equal(second.bytes, third.bytes);
  assert.equal(first.of('snapshot').length + first.of('delta').length, 1, 'who has it need not be told again');
  subject.publish([row('b')]);
  assert.ok(
    come(null).times.every((time) => time > at + 1_000),
    'a newer state has its own time',
  );
});

test('a container that stopped has no present state: a newcomer hears so, and nothing else, until it lives again', (t) => {
  const hub = makeHub(t);
  const subject = new PlayedSubject();
  const first = follow(hub, subject).wire;
  subject.say('live');
  subject.publish([row('a')]);
  subject.say('stopped', 'exited');
  const second = follow(hub, new PlayedSubject()).wire;
  assert.deepEqual(
    second.frames.map(({ type, state }) => state ?? type),
    ['hello', 'stopped'],
  );
  subject.say('live');
  subject.publish([row('a')]);
  for (const wire of [first, second]) {
    assert.deepEqual([wire.states.at(-1), wire.frames.at(-1)?.type, wire.frames.at(-1)?.seq], ['live', 'snapshot', 2]);
  }
});

test('the end of the subject ends its own connection with 4404, and is the last frame', (t) => {
  const hub = makeHub(t);
  const subject = new PlayedSubject();
  const own = follow(hub, subject).wire;
  const shared = follow(hub, new PlayedSubject(), 0, false).wire;
  subject.publish([row('a')]);
  subject.say('ended', 'removed');
  assert.deepEqual(own.end, { code: 4404, reason: 'removed' });
  assert.equal(own.frames.at(-1)?.state, 'ended');
  assert.equal(shared.end, undefined);
  assert.equal(shared.frames.at(-1)?.state, 'ended');
  assert.equal(hub.size.sessions, 1);
});

test('it counts who comes, what they follow, what they are not told and how they are ended', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const hub = makeHub(t, { limits: { stallMs: 30_000, maxWaiting: 10, maxInFlightBytes: 1 } });
  const subject = new PlayedSubject();
  const { wire } = follow(hub, subject);
  follow(hub, subject, 0, false);
  assert.deepEqual(hub.size, { sessions: 2, channels: 1, subscriptions: 2 });
  wire.isReading = false;
  for (const value of [1, 2, 3, 4]) subject.publish([row('a', value)]);
  // One is on its way, and of the three that waited for it the newest is left.
  assert.deepEqual(hub.counts, { sessions: 2, superseded: 2, gaps: 0 });
  wire.silentMs = 60_000;
  t.mock.timers.tick(60_000);
  assert.equal(wire.end?.code, 1013);
  subject.say('ended', 'removed');
  assert.deepEqual([...hub.closes], [[1013, 1]]);
});

test('seq never goes back, also when everyone has left between', (t) => {
  const hub = makeHub(t);
  const first = new PlayedSubject();
  const { wire } = follow(hub, first);
  for (const value of [1, 2, 3, 4, 5]) first.publish([row('a', value)]);
  wire.leave();
  assert.equal(first.closed, 1, 'the source is closed with the last subscriber');
  assert.deepEqual(hub.size, { sessions: 0, channels: 0, subscriptions: 0 });
  const again = new PlayedSubject();
  const second = follow(hub, again).wire;
  again.publish([row('a', 5)]);
  assert.ok(second.frames.at(-1)?.seq > 5);
});

test('the source is asked for the shortest interval that anyone wants, and each gets at most one sample in theirs', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const hub = makeHub(t);
  const subject = new PlayedSubject();
  const slow = follow(hub, subject, 60_000);
  const fast = follow(hub, new PlayedSubject(), 0);
  assert.deepEqual(subject.intervals, [60_000, 0]);
  for (const value of [1, 2, 3, 4]) subject.publish([row('a', value)]);
  assert.equal(fast.wire.of('delta').length, 3);
  assert.equal(slow.wire.of('delta').length, 0);
  assert.equal(slow.wire.of('snapshot').length, 1);
  t.mock.timers.tick(60_000);
  assert.equal(slow.wire.frames.at(-1)?.type, 'snapshot', 'who skipped gets the whole');
  assert.deepEqual(slow.wire.data?.sockets, [row('a', 4)]);
  fast.wire.leave();
  assert.equal(subject.intervals.at(-1), 60_000);
});

test('who came in the middle of an interval gets the next sample late, and every other one as it comes', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const pass = (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  const hub = makeHub(t);
  const subject = new PlayedSubject();
  const first = follow(hub, subject, 1_000).wire;
  subject.publish([row('a', 0)]);
  pass(300);
  const late = follow(hub, new PlayedSubject(), 1_000).wire;
  const held = () => [first, late].map(({ data }) => data?.sockets[0].value);
  pass(700);
  subject.publish([row('a', 1)]);
  assert.deepEqual(held(), [1, 0], 'no sooner than an interval after the first');
  pass(300);
  assert.deepEqual(held(), [1, 1]);
  pass(700);
  subject.publish([row('a', 2)]);
  assert.deepEqual(held(), [2, 2]);
  pass(500);
  subject.publish([row('a', 3)]);
  assert.deepEqual(held(), [2, 2], 'one that comes too soon is held back for everyone');
  pass(500);
  assert.deepEqual(held(), [3, 3]);
});

test('a container that runs again is shown at once, however recent the last sample is', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const subject = new PlayedSubject();
  const { wire } = follow(makeHub(t), subject, 60_000);
  subject.say('live');
  subject.publish([row('a', 1)]);
  subject.say('stopped');
  subject.say('live');
  subject.publish([row('a', 2)]);
  assert.deepEqual(wire.data?.sockets, [row('a', 2)]);
  subject.publish([row('a', 3)]);
  assert.deepEqual(wire.data?.sockets, [row('a', 2)]);
});

test('a connection holds a key once, and lets it go', (t) => {
  const hub = makeHub(t);
  const subject = new PlayedSubject();
  const { wire, session } = follow(hub, subject);
  assert.equal(session.subscribe(new PlayedSubject(), { intervalMs: 0 }), false);
  subject.publish([row('a')]);
  assert.equal(wire.of('snapshot').length, 1);
  session.unsubscribe(subject);
  assert.equal(subject.closed, 1);
  assert.equal(session.subscribe(subject, { intervalMs: 0 }), true);
  subject.publish([row('a')]);
  assert.equal(wire.of('snapshot').length, 2);
});

test('a failure is said once until things go well again', (t) => {
  const subject = new PlayedSubject();
  const { wire } = follow(makeHub(t), subject);
  const failure = new Failure('engine_refused', 'no image', { hint: 'pull it' });
  subject.listener?.failure(failure);
  subject.listener?.failure(failure);
  assert.deepEqual(wire.of('error'), [{ type: 'error', code: 'engine_refused', detail: 'no image', hint: 'pull it' }]);
  subject.say('live');
  subject.listener?.failure(failure);
  assert.equal(wire.of('error').length, 2);
});

test('a closing hub says goodbye with 1001, to latecomers too', (t) => {
  const hub = makeHub(t);
  const { wire } = follow(hub, new PlayedSubject());
  hub.close();
  assert.equal(wire.end?.code, 1001);
  assert.equal(follow(hub, new PlayedSubject()).wire.end?.code, 1001);
});

test('heartbeats go to everyone, and who answers no ping is let go with 1013', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const hub = makeHub(t, {
    heartbeatMs: 20_000,
    limits: { stallMs: 30_000, maxWaiting: 10, maxInFlightBytes: 1000 },
  });
  const subject = new PlayedSubject();
  const one = follow(hub, subject).wire;
  const other = follow(hub, subject).wire;
  t.mock.timers.tick(20_000);
  assert.equal(one.frames.at(-1)?.type, 'heartbeat');
  assert.equal(one.sent.at(-1), other.sent.at(-1));
  assert.equal(one.pings, 1);
  const ends = () => [one.end?.code, other.end?.code];
  one.silentMs = 29_999;
  t.mock.timers.tick(20_000);
  assert.deepEqual(ends(), [undefined, undefined]);
  one.silentMs = 30_000;
  t.mock.timers.tick(1_000);
  assert.deepEqual(ends(), [1013, undefined]);
  assert.equal(hub.size.sessions, 1);
});

test('who does not keep up is told once, however long its wire takes to end', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { wire } = follow(makeHub(t), new PlayedSubject());
  const ends: number[] = [];
  t.mock.method(wire, 'close', (code: number) => ends.push(code));
  wire.silentMs = 30_000;
  t.mock.timers.tick(10_000);
  assert.deepEqual(ends, [1013]);
});

test('whatever is published and however slowly it is read, every client ends with the newest state', (t) => {
  const sample = fc.record(
    { id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), value: fc.integer({ min: 0, max: 2 }) },
    { noNullPrototype: true },
  );
  const rows: fc.Arbitrary<Row[]> = fc.uniqueArray(sample, { selector: ({ id }) => id });
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ op: fc.constant('publish' as const), rows, rest: fc.constantFrom('x', 'x', 'y') }),
    },
    { weight: 4, arbitrary: fc.record({ op: fc.constantFrom('read' as const, 'pause' as const), client: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('join' as const) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('stop' as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const hub = makeHub(t);
      const subject = new PlayedSubject();
      const clients = [follow(hub, subject).wire, follow(hub, subject).wire];
      let newest: { rows: Row[]; rest: string } | null = null;
      for (const one of steps) {
        if (one.op === 'publish') {
          newest = { rows: one.rows, rest: one.rest };
          subject.publish(one.rows, { rest: one.rest });
        } else if (one.op === 'join') clients.push(follow(hub, subject).wire);
        else if (one.op === 'stop') {
          newest = null;
          subject.say('stopped');
        } else {
          const client = clients[one.client];
          if (client === undefined) continue;
          client.isReading = one.op === 'read';
          if (client.isReading) client.read();
        }
      }
      for (const client of clients) {
        client.isReading = true;
        while (client.read());
        if (newest === null) continue;
        assert.deepEqual(byId(client.data?.sockets), byId(newest.rows));
        assert.equal(client.data?.rest, newest.rest);
      }
      hub.close();
    }),
    { numRuns: 400 },
  );
});
