// What has happened to a container between two looks: the right words, and nothing left out.
import assert from 'node:assert/strict';
import test from 'node:test';
import { findContainerEvents } from '../../src/domain/container/container-events.ts';
import { containerStates, orphanReasons } from '../../src/schemas/container.ts';
import type { EventContainer } from '../../src/schemas/events.ts';
import fc from '../support/fast-check.ts';

const base: EventContainer = {
  id: 'c0ffee',
  name: 'web',
  engine: 'local',
  managed: true,
  lab: null,
  mode: 'bridged',
  state: 'running',
  startedAt: '2026-01-01T00:00:00Z',
  exitCode: null,
  networks: ['bridge'],
  orphanReason: null,
};
const names = (before: Partial<EventContainer> | null, after: Partial<EventContainer> | null) =>
  findContainerEvents(before && { ...base, ...before }, after && { ...base, ...after }).map(({ event }) =>
    event.replace('container.', ''),
  );
const later = '2026-01-01T00:00:05Z';

test('each step of a life has its word', () => {
  const created = { state: 'created', startedAt: null } as const;
  assert.deepEqual(names(null, created), ['created']);
  assert.deepEqual(names(null, {}), ['created', 'started']);
  assert.deepEqual(names(created, {}), ['started']);
  assert.deepEqual(names({}, { state: 'paused' }), ['paused']);
  assert.deepEqual(names({ state: 'paused' }, {}), ['unpaused']);
  assert.deepEqual(names({}, { state: 'exited', exitCode: 1 }), ['stopped']);
  assert.deepEqual(names({}, { state: 'restarting' }), ['stopped']);
  assert.deepEqual(names({ state: 'restarting' }, { startedAt: later }), ['started']);
  assert.deepEqual(names({ state: 'exited' }, null), ['removed']);
  assert.deepEqual(names({}, null), ['stopped', 'removed']);
  assert.deepEqual(names({}, {}), []);
});

test('what was too quick to be seen is told in order', () => {
  assert.deepEqual(names({ state: 'created', startedAt: null }, { state: 'exited', exitCode: 0 }), [
    'started',
    'stopped',
  ]);
  assert.deepEqual(names({}, { startedAt: later }), ['stopped', 'started']);
  assert.deepEqual(names({}, { startedAt: later, state: 'paused' }), ['stopped', 'started', 'paused']);
  assert.deepEqual(names({ state: 'exited' }, { startedAt: later, state: 'exited' }), ['started', 'stopped']);
});

test('names, networks and orphans', () => {
  const [renamed] = findContainerEvents(base, { ...base, name: 'www' });
  assert.deepEqual([renamed?.event, renamed?.oldName], ['container.renamed', 'web']);
  const moved = findContainerEvents(base, { ...base, networks: ['lab'] });
  assert.deepEqual(
    moved.map(({ event, network }) => [event, network]),
    [
      ['container.disconnected', 'bridge'],
      ['container.connected', 'lab'],
    ],
  );
  assert.deepEqual(names({}, { orphanReason: 'target_stopped' }), ['orphaned']);
  assert.deepEqual(names({ orphanReason: 'target_stopped' }, { orphanReason: 'target_restarted' }), ['orphaned']);
  assert.deepEqual(names({ orphanReason: 'target_stopped' }, {}), ['healed']);
  assert.deepEqual(names({ state: 'exited' }, { state: 'removing' }), ['updated']);
});

test('whatever two looks differ in, some event carries the later one; equal looks make none', () => {
  const look = fc.option(
    fc.record({
      id: fc.constant('c0ffee'),
      name: fc.constantFrom('a', 'b'),
      engine: fc.constant('local'),
      managed: fc.constant(true),
      lab: fc.constant(null),
      mode: fc.constantFrom('closed' as const, 'bridged' as const),
      state: fc.constantFrom(...containerStates),
      startedAt: fc.constantFrom(null, base.startedAt, later),
      exitCode: fc.constantFrom(null, 0, 137),
      networks: fc.subarray(['bridge', 'lab', 'other']),
      orphanReason: fc.constantFrom(null, ...orphanReasons),
    }),
  );
  fc.assert(
    fc.property(look, look, (before, after) => {
      const events = findContainerEvents(before, after);
      assert.equal(events.length === 0, JSON.stringify(before) === JSON.stringify(after));
      if (after !== null && events.length > 0) assert.deepEqual(events.at(-1)?.container, after);
      if (after === null && before !== null) assert.equal(events.at(-1)?.event, 'container.removed');
    }),
  );
});
