// Which engine a container goes to: labels first, then load, and why not where none will do.
import assert from 'node:assert/strict';
import test from 'node:test';
import { choosePlace, measureLoad, type PlaceCandidate } from '../../src/domain/container/placement.ts';
import type { Placement } from '../../src/schemas/create.ts';
import { Failure } from '../../src/schemas/failure.ts';
import fc from '../support/fast-check.ts';

const engine = (name: string, more: Partial<PlaceCandidate> = {}): PlaceCandidate => ({
  name,
  labels: {},
  isLive: true,
  containers: 0,
  cpus: 2,
  refusal: null,
  ...more,
});

test('the least loaded is the one with the fewest containers for each CPU, of equals the first', () => {
  const place = choosePlace('least-loaded', [
    engine('small', { containers: 2, cpus: 1 }),
    engine('big', { containers: 12, cpus: 8 }),
    engine('third', { containers: 2, cpus: null }),
  ]);
  assert.deepEqual(place, {
    name: 'big',
    reason: 'it is the least loaded of 3 (containers for each CPU: big 1.50, small 2.00, third 2.00)',
  });
  assert.equal(choosePlace('least-loaded', [engine('one'), engine('two')]).name, 'one');
});

test('labels have to fit, all of them, and to the letter', () => {
  const candidates = [
    engine('a', { labels: { room: '1', gpu: 'yes' }, containers: 9 }),
    engine('b', { labels: { room: '1' } }),
  ];
  const at = (labels: Record<string, string>) => choosePlace({ labels }, candidates);
  assert.equal(at({ room: '1' }).name, 'b');
  assert.deepEqual(at({ room: '1', gpu: 'yes' }), {
    name: 'a',
    reason: 'it has the labels room=1, gpu=yes, and no other engine fits',
  });
  for (const labels of [{ room: '2' }, { toString: 'x' }, { Room: '1' }])
    assert.throws(() => at(labels as unknown as Record<string, string>), {
      code: 'invalid_request',
      field: 'placement.labels',
      hint: 'Labels of the engines: a (room=1, gpu=yes), b (room=1)',
    });
});

test('one that is away or cannot have it is passed over, and told where no other is left', () => {
  const away = engine('away', { isLive: false });
  const full = engine('other', { refusal: 'it has no network "lan"' });
  assert.equal(choosePlace('least-loaded', [away, full, engine('busy', { containers: 90 })]).name, 'busy');
  assert.throws(() => choosePlace('least-loaded', [away]), { code: 'engine_unavailable', message: /answers: away$/ });
  assert.throws(() => choosePlace('least-loaded', [away, full]), {
    code: 'state_conflict',
    message: /other: it has no network "lan"/,
  });
});

test('whatever there is: the choice fits, and nothing that fits is less loaded', () => {
  const labels = fc.dictionary(fc.constantFrom('room', 'gpu'), fc.constantFrom('1', '2'));
  const candidate = fc.record({
    labels,
    isLive: fc.boolean(),
    containers: fc.nat({ max: 5 }),
    cpus: fc.constantFrom(null, 0, 1, 4),
    refusal: fc.constantFrom(null, null, 'no'),
  });
  const wish: fc.Arbitrary<Placement> = fc.oneof(
    fc.constant('least-loaded' as const),
    labels.map((wanted) => ({ labels: wanted })),
  );
  let chosen = 0;
  fc.assert(
    fc.property(wish, fc.array(candidate, { maxLength: 6 }), (placement, found) => {
      const candidates = found.map((one, index) => ({ ...one, name: `e${index}` }));
      const wanted = Object.entries(placement === 'least-loaded' ? {} : placement.labels);
      const fitting = candidates.filter(
        (one) => one.isLive && one.refusal === null && wanted.every(([name, value]) => one.labels[name] === value),
      );
      try {
        const { name } = choosePlace(placement, candidates);
        const place = fitting.find((one) => one.name === name);
        assert.ok(place, `${name} does not fit`);
        assert.ok(fitting.every((one) => measureLoad(one) >= measureLoad(place)));
        chosen += 1;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        assert.deepEqual(fitting, []);
      }
    }),
    { numRuns: 2_000 },
  );
  assert.ok(chosen > 200);
});
