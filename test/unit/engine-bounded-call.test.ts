// Bounds of a call: they hold even when the work never settles, and nothing of them is left afterwards.
import assert from 'node:assert/strict';
import test from 'node:test';
import { type Bounds, runBounded } from '../../src/engine/docker/bounded-call.ts';

const bounds = (overrides: Partial<Bounds>): Bounds => ({
  deadlineMs: 10_000,
  signals: [],
  describeTimeout: () => new Error('too late'),
  describeCancellation: (reason) => new Error(`cancelled: ${String(reason)}`),
  ...overrides,
});
const never = () => new Promise<never>(() => {});
const timers = () =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'Immediate').length;

test('work that never settles is given up at the deadline, and told so', async () => {
  let cut: AbortSignal | undefined;
  const startedAt = performance.now();
  const call = runBounded(bounds({ deadlineMs: 30 }), (signal) => {
    cut = signal;
    return never();
  });
  await assert.rejects(call, /too late/);
  assert.ok(performance.now() - startedAt >= 29);
  assert.equal(cut?.aborted, true);
});

test('an answer that waited while we were held up counts, although its deadline has passed', async () => {
  const work = new Promise<string>((resolve) => {
    setTimeout(() => setImmediate(() => resolve('in time')), 20);
  });
  const call = runBounded(bounds({ deadlineMs: 25 }), () => work);
  const busyUntil = performance.now() + 60;
  while (performance.now() < busyUntil);
  assert.equal(await call, 'in time');
});

test('any of the signals ends the call, with its reason', async () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const call = runBounded(bounds({ signals: [a.signal, b.signal] }), never);
  b.abort('enough');
  await assert.rejects(call, /cancelled: enough/);
  let isStarted = false;
  const late = runBounded(bounds({ signals: [b.signal] }), async () => {
    isStarted = true;
  });
  await assert.rejects(late, /cancelled: enough/);
  assert.equal(isStarted, false, 'a call that is cancelled before it begins is not begun');
});

test('no timer is left after an answer, an error, a cancellation or a deadline', async () => {
  const before = timers();
  const controller = new AbortController();
  assert.equal(await runBounded(bounds({}), async () => 1), 1);
  await assert.rejects(
    runBounded(bounds({}), () => Promise.reject(new Error('own'))),
    /own/,
  );
  const cancelled = runBounded(bounds({ signals: [controller.signal] }), never);
  controller.abort();
  await assert.rejects(cancelled);
  await assert.rejects(runBounded(bounds({ deadlineMs: 1 }), never));
  // A timer that is cleared leaves the list of active resources in the next turn.
  await new Promise(setImmediate);
  assert.equal(timers(), before);
});
