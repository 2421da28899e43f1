// A client's copy of a stream, fed by the server's own comparison of states: whatever is changed, left out or cut, it holds what the server has.
import assert from 'node:assert/strict';
import test from 'node:test';
import { BrokenStream, Copy } from '../../src/client/topics/copy.ts';
import type { Ifconfig } from '../../src/schemas/ifconfig.ts';
import type { Netstat } from '../../src/schemas/netstat.ts';
import type { DeltaFrame, SnapshotFrame, StreamKey } from '../../src/schemas/stream.ts';
import { comparable, diffStates, type Json } from '../../src/streams/delta.ts';
import fc from '../support/fast-check.ts';

type Topic = 'netstat' | 'ifconfig';
const shapes = {
  netstat: { list: 'sockets', id: 'id' },
  ifconfig: { list: 'interfaces', id: 'name' },
} as const;
const at = '2026-01-31T12:00:00.000Z';

const keyOf = (topic: Topic): StreamKey => ({ topic, container: 'c', options: '', format: 'json' });

/** Data of a topic with these rows; what else there is beside them is of no interest to the copy. */
function makeData(topic: Topic, rows: ReadonlyMap<string, number>, moment: number, truncated: boolean): Json {
  const { list, id } = shapes[topic];
  return {
    container: { id: 'c', name: 'web' },
    asOf: new Date(moment).toISOString(),
    truncated,
    [list]: [...rows].map(([name, value]) => ({ [id]: name, recvQ: value, mtu: value })),
  };
}

function rowsOf(topic: Topic, data: Netstat | Ifconfig | null): Map<unknown, unknown> {
  const { list, id } = shapes[topic];
  const rows = ((data as Json | null)?.[list] ?? []) as Json[];
  return new Map(rows.map((row) => [row[id], row]));
}

/** What happens at a moment of the server's life; `missed`: the frame does not reach this client, which gets a snapshot next, as the server does it. */
const step = fc.record({
  rows: fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(3)), { selector: ([name]) => name }),
  truncated: fc.boolean(),
  missed: fc.boolean(),
});

for (const topic of ['netstat', 'ifconfig'] as const) {
  test(`${topic}: after every frame the copy is the server's state`, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const copy = new Copy(keyOf(topic));
        copy.stand({ state: 'live', reason: null, since: at });
        let before: Json | null = null;
        let seq = 0;
        let sent = -1;
        for (const [moment, { rows, truncated, missed }] of steps.entries()) {
          const data = makeData(topic, new Map(rows), moment, truncated);
          const shape = shapes[topic];
          const difference = before === null ? 'rest' : diffStates(comparable(before, shape), comparable(data, shape));
          if (difference === null) continue;
          before = data;
          seq += 1;
          if (missed) continue;
          const key = keyOf(topic);
          if (difference === 'rest' || sent !== seq - 1)
            copy.takeSnapshot({ type: 'snapshot', key, seq, at, data } as SnapshotFrame);
          else {
            const asOf = String(data.asOf);
            copy.takeDelta({ type: 'delta', key, base: sent, seq, at, asOf, ...difference } as unknown as DeltaFrame);
          }
          sent = seq;
          const view = copy.read();
          assert.equal(view.seq, seq);
          assert.deepEqual(rowsOf(topic, view.data), rowsOf(topic, data as unknown as Netstat));
          assert.deepEqual({ ...view.data, [shape.list]: 0 }, { ...data, [shape.list]: 0 });
        }
      }),
    );
  });
}

test('what was read does not change any more', () => {
  const copy = new Copy(keyOf('netstat'));
  const take = (rows: [string, number][]) => makeData('netstat', new Map(rows), 0, false);
  copy.takeSnapshot({ type: 'snapshot', key: copy.key, seq: 1, at, data: take([['a', 1]]) });
  const first = copy.read();
  const spelled = JSON.stringify(first);
  const delta = { base: 1, seq: 2, at, asOf: at, added: [{ id: 'b' }], removed: ['a'], changed: [] };
  copy.takeDelta({ type: 'delta', key: copy.key, ...delta });
  assert.equal(JSON.stringify(first), spelled);
  assert.deepEqual(rowsOf('netstat', copy.read().data), new Map([['b', { id: 'b' }]]));
});

test('a delta on what is not held breaks the stream, and changes nothing', () => {
  const copy = new Copy(keyOf('netstat'));
  const delta = (base: number): DeltaFrame => ({
    ...{
      type: 'delta',
      key: copy.key,
      base,
      seq: base + 1,
      at,
      asOf: at,
      added: [{ id: 'b' }],
      removed: [],
      changed: [],
    },
  });
  assert.throws(() => copy.takeDelta(delta(1)), BrokenStream);
  copy.takeSnapshot({ type: 'snapshot', key: copy.key, seq: 5, at, data: makeData('netstat', new Map(), 0, false) });
  const before = copy.read();
  for (const base of [4, 6]) assert.throws(() => copy.takeDelta(delta(base)), BrokenStream);
  assert.deepEqual(copy.read(), before);
  copy.takeSnapshot({ type: 'snapshot', key: copy.key, seq: 7, at, data: null, text: 'a text' });
  assert.throws(() => copy.takeDelta(delta(7)), BrokenStream, 'a text has no rows');
});

test('it can be shown once there is a state, or a reason why there is none', () => {
  const copy = new Copy(keyOf('netstat'));
  assert.equal(copy.isPresentable, false);
  copy.stand({ state: 'live', reason: null, since: at });
  assert.equal(copy.isPresentable, false);
  copy.stand({ state: 'stopped', reason: 'exited', since: at });
  assert.equal(copy.isPresentable, true);
  assert.deepEqual(copy.read(), {
    key: copy.key,
    state: 'stopped',
    reason: 'exited',
    since: at,
    seq: 0,
    data: null,
    text: null,
  });
});
