// The ring of events and a client's way through it: in order, nothing lost without a gap, and nothing kept for who does not read.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Compile } from 'typebox/schema';
import { serverFrames } from '../../src/schemas/stream.ts';
import { EventFeed, type EventSelection } from '../../src/streams/event-feed.ts';
import { EventRing } from '../../src/streams/event-ring.ts';
import { encodeSnapshot } from '../../src/streams/frames.ts';
import { Hub } from '../../src/streams/hub.ts';
import { readLastEventId, sseWire } from '../../src/streams/sse-wire.ts';
import fc from '../support/fast-check.ts';
import { PlayedWire } from '../support/played-stream.ts';

const at = '2026-01-01T00:00:00.000Z';

/** A counter for each of a few engines, told by events: easy to keep a copy of. */
function makeWorld(t: Pick<TestContext, 'after'>, capacity: number) {
  const hub = new Hub({ bootId: 'boot', heartbeatMs: 3_600_000 });
  t.after(() => hub.close());
  const ring = new EventRing<string>(capacity);
  const counts = new Map<string, number>();
  const select = (wanted: string): EventSelection<string> => ({
    matches: ({ subject }) => wanted === '*' || wanted === subject,
    snapshot: (seq) =>
      encodeSnapshot({ topic: 'events', container: '', options: wanted, format: 'json' }, seq, {
        at,
        asOf: at,
        data: Object.fromEntries([...counts].filter(([name]) => wanted === '*' || wanted === name)),
        text: null,
      }),
  });
  function happen(engine: string): void {
    counts.set(engine, (counts.get(engine) ?? 0) + 1);
    ring.append({ at, event: 'engine.live', engine, lab: null, container: null, namespace: null }, engine);
  }
  function connect() {
    const wire = new PlayedWire();
    return { wire, feed: new EventFeed(hub.connect(wire), ring, 'boot') };
  }
  return { ring, counts, select, happen, connect };
}

const told = ({ wire }: { wire: PlayedWire }) =>
  wire.frames
    .slice(1)
    .map((frame) => (frame.type === 'gap' ? `gap ${frame.from}-${frame.to}` : `${frame.type} ${frame.seq}`));

test('before anything has happened the frames are as the schemas say too', (t) => {
  const client = makeWorld(t, 10).connect();
  client.feed.add('fresh', makeWorld(t, 10).select('*'), null);
  client.feed.add('resumed', makeWorld(t, 10).select('a'), { bootId: 'another', seq: 7 });
  assert.deepEqual(told(client), ['snapshot 0', 'gap 1-0', 'snapshot 0']);
  for (const frame of client.wire.frames) {
    const schema = serverFrames[frame.type as keyof typeof serverFrames];
    assert.deepEqual(Compile(schema).Errors(frame)[1], [], JSON.stringify(frame));
  }
});

test('a snapshot, then what happens, to each what was asked for, as the same bytes', (t) => {
  const world = makeWorld(t, 10);
  world.happen('a');
  const [all, one] = [world.connect(), world.connect()];
  all.feed.add('x', world.select('*'), null);
  one.feed.add('x', world.select('b'), null);
  for (const engine of ['a', 'b', 'a']) world.happen(engine);
  assert.deepEqual(told(all), ['snapshot 1', 'event 2', 'event 3', 'event 4']);
  assert.deepEqual(told(one), ['snapshot 1', 'event 3']);
  assert.equal(all.wire.sent[3], one.wire.sent[2]);
  one.feed.remove('x');
  world.happen('b');
  assert.equal(told(one).length, 2);
});

test('going on: after the last event that is known, or a gap and what is true now', (t) => {
  const world = makeWorld(t, 3);
  for (let n = 0; n < 5; n += 1) world.happen('a');
  const resume = (bootId: string, seq: number) => {
    const client = world.connect();
    client.feed.add('x', world.select('*'), { bootId, seq });
    return told(client);
  };
  assert.deepEqual(resume('boot', 5), []);
  assert.deepEqual(resume('boot', 2), ['event 3', 'event 4', 'event 5']);
  assert.deepEqual(resume('boot', 1), ['gap 2-5', 'snapshot 5']);
  assert.deepEqual(resume('boot', 6), ['gap 1-5', 'snapshot 5']);
  assert.deepEqual(resume('other', 5), ['gap 1-5', 'snapshot 5']);
});

test('who does not read is overtaken, is told so, and begins anew', (t) => {
  const world = makeWorld(t, 3);
  const client = world.connect();
  client.feed.add('x', world.select('*'), null);
  client.wire.isReading = false;
  world.happen('a');
  for (let n = 0; n < 20_000; n += 1) world.happen('a');
  while (client.wire.read());
  client.wire.isReading = true;
  const frames = told(client);
  assert.equal(frames.at(-1), 'snapshot 20001');
  assert.match(frames.at(-2) ?? '', /^gap \d+-20001$/);
  world.happen('a');
  assert.equal(told(client).at(-1), 'event 20002');
});

test('what no event can tell lets everybody begin anew', (t) => {
  const world = makeWorld(t, 10);
  const client = world.connect();
  client.feed.add('x', world.select('*'), null);
  world.happen('a');
  world.ring.breakOff();
  world.happen('a');
  assert.deepEqual(told(client), ['snapshot 0', 'event 1', 'gap 2-2', 'snapshot 2', 'event 3']);
});

test('two subscriptions of a connection: an event is sent once, and going back for one tells the other nothing twice', (t) => {
  const world = makeWorld(t, 10);
  const client = world.connect();
  client.feed.add('x', world.select('a'), null);
  for (const engine of ['a', 'b', 'a']) world.happen(engine);
  client.feed.add('y', world.select('*'), { bootId: 'boot', seq: 1 });
  world.happen('a');
  assert.deepEqual(told(client), ['snapshot 0', 'event 1', 'event 3', 'event 2', 'event 3', 'event 4']);
});

test('however slowly a client reads and however often it comes back, it counts right', (t) => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ op: fc.constant('happen' as const), engine: fc.constantFrom('a', 'b') }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('read' as const, 'pause' as const, 'cut' as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom('a', '*'), (steps, wanted) => {
      const world = makeWorld(t, 4);
      let client = world.connect();
      client.feed.add('x', world.select(wanted), null);
      const held = new Map<string, number>();
      let last = 0;
      const take = () => {
        for (const frame of client.wire.frames.splice(0)) {
          if (frame.type === 'snapshot') {
            held.clear();
            for (const [name, count] of Object.entries<number>(frame.data)) held.set(name, count);
            last = frame.seq;
          }
          if (frame.type !== 'event') continue;
          assert.ok(frame.seq > last);
          last = frame.seq;
          held.set(frame.engine, (held.get(frame.engine) ?? 0) + 1);
        }
      };
      for (const one of steps) {
        if (one.op === 'happen') world.happen(one.engine);
        else if (one.op === 'cut') {
          take();
          client.wire.leave();
          client = world.connect();
          client.feed.add('x', world.select(wanted), { bootId: 'boot', seq: last });
        } else {
          if (one.op === 'read') while (client.wire.read());
          client.wire.isReading = one.op === 'read';
        }
      }
      while (client.wire.read());
      take();
      for (const engine of ['a', 'b'])
        if (wanted === '*' || wanted === engine) assert.equal(held.get(engine) ?? 0, world.counts.get(engine) ?? 0);
    }),
    { numRuns: 300 },
  );
});

test('server-sent events: an id on what one can go on after, and back', async () => {
  const { wire, body } = sseWire('boot');
  const frame = (value: object) => Buffer.from(JSON.stringify(value));
  wire.send(frame({ type: 'hello' }), () => {});
  wire.send(frame({ type: 'event', seq: 7 }), () => {});
  wire.send(frame({ type: 'heartbeat' }), () => {});
  wire.close(1001, '');
  let text = '';
  for await (const chunk of body) text += chunk;
  assert.equal(
    text,
    'retry: 1000\ndata: {"type":"hello"}\n\nid: boot:7\ndata: {"type":"event","seq":7}\n\ndata: {"type":"heartbeat"}\n\n',
  );
  assert.deepEqual(readLastEventId('boot:7'), { bootId: 'boot', seq: 7 });
  for (const foreign of ['', '7', 'boot:', 'boot:-1', 'boot:7e3', ':::'])
    assert.deepEqual(readLastEventId(foreign), { bootId: '', seq: 0 });
});
