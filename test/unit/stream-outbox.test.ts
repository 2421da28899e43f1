// The queue between the streams and one client: order, latest wins, bounds.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Outbox, type OutboxLimits } from '../../src/streams/outbox.ts';
import { PlayedWire } from '../support/played-stream.ts';

const limits: OutboxLimits = { stallMs: 30_000, maxWaiting: 5, maxInFlightBytes: 40 };
const frame = (n: number) => Buffer.from(JSON.stringify({ type: 'test', n }));

function makeOutbox(options: Partial<OutboxLimits> = {}) {
  const wire = new PlayedWire();
  const stalls: string[] = [];
  const outbox = new Outbox(wire, { stalled: (reason) => stalls.push(reason) }, { ...limits, ...options });
  return { wire, stalls, outbox, seen: () => wire.frames.map(({ n }) => n) };
}

test('frames go out in order', () => {
  const { outbox, seen } = makeOutbox();
  for (const n of [1, 2, 3]) outbox.push(frame(n));
  assert.deepEqual(seen(), [1, 2, 3]);
});

test('of what is marked only the newest is sent, behind what it follows; what is pushed is never dropped', () => {
  const { outbox, wire, seen } = makeOutbox({ maxInFlightBytes: 1 });
  wire.isReading = false;
  outbox.push(frame(1));
  outbox.mark('a', () => frame(2));
  outbox.push(frame(3));
  outbox.mark('b', () => frame(4));
  outbox.mark('a', () => frame(5));
  outbox.mark('c', () => null);
  while (wire.read());
  assert.deepEqual(seen(), [1, 3, 4, 5]);
});

test('what asks for more while it is made or sent waits for its turn', () => {
  const { outbox, seen } = makeOutbox();
  outbox.mark('a', () => {
    outbox.push(frame(2));
    outbox.mark('b', () => frame(3));
    return frame(1);
  });
  outbox.push(frame(4));
  assert.deepEqual(seen(), [1, 2, 3, 4]);
});

test('what is marked is made when its turn comes, not before', () => {
  const { outbox, wire } = makeOutbox({ maxInFlightBytes: 1 });
  wire.isReading = false;
  outbox.push(frame(1));
  let count = 0;
  outbox.mark('a', () => {
    count += 1;
    return frame(2);
  });
  assert.equal(count, 0);
  wire.read();
  assert.equal(count, 1);
});

test('several small frames may fly, and one large one', () => {
  const { outbox, wire } = makeOutbox();
  wire.isReading = false;
  for (const n of [1, 2, 3, 4]) outbox.push(frame(n));
  wire.read();
  assert.equal(wire.frames.length, 2, '40 bytes hold two of 23');
  while (wire.read());
  outbox.push(Buffer.from(JSON.stringify({ type: 'test', n: 9, filling: 'x'.repeat(100) })));
  while (wire.read());
  assert.equal(wire.frames.length, 5);
});

test('a reader that takes nothing for the stall time is given up, and one that takes something in time is not', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { outbox, wire, stalls } = makeOutbox({ maxInFlightBytes: 1 });
  const pass = (ms: number) => {
    now += ms;
    outbox.checkStall(now);
  };
  wire.isReading = false;
  pass(100_000);
  outbox.push(frame(1));
  outbox.push(frame(2));
  pass(29_999);
  wire.read();
  pass(29_999);
  assert.deepEqual(stalls, []);
  pass(1);
  assert.deepEqual(stalls, ['nothing was read for 30000 ms']);
  outbox.push(frame(3));
  wire.read();
  assert.equal(wire.frames.length, 2);
  pass(100_000);
  assert.equal(stalls.length, 1);
});

test('each frame that is taken starts the clock anew for the others', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { outbox, stalls } = makeOutbox();
  const unread: (() => void)[] = [];
  t.mock.method(PlayedWire.prototype, 'send', (_frame: Buffer, done: () => void) => unread.push(done));
  outbox.push(frame(1));
  now = 10_000;
  outbox.push(frame(2));
  now = 25_000;
  unread.shift()?.();
  now = 54_999;
  outbox.checkStall(now);
  assert.deepEqual(stalls, []);
  now = 55_000;
  outbox.checkStall(now);
  assert.equal(stalls.length, 1);
});

test('a reader that takes everything is never given up', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { outbox, stalls } = makeOutbox();
  outbox.push(frame(1));
  now = 100_000;
  outbox.checkStall(now);
  assert.deepEqual(stalls, []);
});

test('more waiting frames than the bound end it', () => {
  const { outbox, wire, stalls } = makeOutbox({ maxInFlightBytes: 1 });
  wire.isReading = false;
  for (let n = 0; n < 6; n += 1) outbox.push(frame(n));
  assert.deepEqual(stalls, []);
  outbox.push(frame(6));
  assert.equal(stalls.length, 1);
});

test('finishing waits for what waits, and takes no more', () => {
  const { outbox, wire, seen } = makeOutbox({ maxInFlightBytes: 1 });
  wire.isReading = false;
  outbox.push(frame(1));
  outbox.push(frame(2));
  let finished = 0;
  outbox.finish(() => {
    finished += 1;
  });
  outbox.push(frame(3));
  assert.equal(finished, 0);
  while (wire.read());
  assert.deepEqual([seen(), finished], [[1, 2], 1]);
});
