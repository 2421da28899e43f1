// The streams that a connection holds: each key once, at the shortest interval that one of its holders asks for.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { StreamKey } from '../../src/schemas/stream.ts';
import { HeldStreams } from '../../src/services/subscriptions/held-streams.ts';
import { Hub } from '../../src/streams/hub.ts';
import { PlayedWire } from '../support/played-stream.ts';

const key: StreamKey = { topic: 'netstat', container: 'c0ffee', options: 'tan', format: 'json' };

function hold(t: TestContext) {
  const hub = new Hub({ bootId: 'boot', heartbeatMs: 3_600_000 });
  t.after(() => hub.close());
  const wire = new PlayedWire();
  const streams = new HeldStreams(hub.connect(wire));
  const acts: (number | 'end')[] = [];
  const stream = { key, begin: (ms: number) => acts.push(ms), end: () => acts.push('end') };
  return { wire, acts, streams, hold: (holder: string, ms: number) => streams.hold(holder, stream, ms) };
}

test('it begins with the first who asks and ends with the last who leaves, and each is told the key', (t) => {
  const { wire, acts, streams, hold: ask } = hold(t);
  ask('one', 1_000);
  ask('other', 1_000);
  streams.release('one', key);
  streams.release('one', key);
  assert.deepEqual(acts, [1_000]);
  streams.release('other', key);
  assert.deepEqual(acts, [1_000, 'end']);
  assert.deepEqual(
    wire.of('subscribed').map(({ id }) => id),
    ['one', 'other'],
  );
});

test('the shortest interval of those who are left counts', (t) => {
  const { acts, streams, hold: ask } = hold(t);
  ask('slow', 60_000);
  ask('fast', 100);
  ask('middle', 1_000);
  assert.deepEqual(acts, [60_000, 'end', 100]);
  streams.release('fast', key);
  assert.deepEqual(acts.slice(3), ['end', 1_000]);
  streams.release('slow', key);
  assert.equal(acts.length, 5, 'the slower one made no difference');
  ask('fast', 100);
  assert.deepEqual(acts.slice(5), ['end', 100]);
});
