// What an image claims of the containers that are made of it, and what is believed of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { believe, ClaimsMemory, disown } from '../../src/engine/docker/image-labels.ts';
import type { ImageFacts } from '../../src/engine/engine.ts';
import { Failure } from '../../src/schemas/failure.ts';
import fc from '../support/fast-check.ts';

const id = `sha256:${'a'.repeat(64)}`;
const names = [
  'io.terrarium.managed',
  'io.terrarium.role',
  'io.terrarium.lab',
  'io.terrarium.image',
  'io.terrarium.new',
  'team',
];
const labels = fc.dictionary(fc.constantFrom(...names), fc.constantFrom('', 'true', 'x', id.replaceAll('a', 'b')));
/** As Docker does it: the image's, where the container says nothing. */
const inherit = (own: object, image: object) => ({ ...image, ...own }) as Record<string, string>;
const imageOf = (claimed: Readonly<Record<string, string>>) => ({
  id,
  claims: Object.keys(claimed).filter((name) => name.startsWith('io.terrarium.')),
});
const ours = fc.record({ lab: fc.option(fc.constant('demo')), mine: fc.boolean() }).map(
  ({ lab, mine }): Record<string, string> => ({
    'io.terrarium.managed': 'true',
    ...(lab !== null && { 'io.terrarium.lab': lab }),
    ...(mine && { team: 'mine' }),
  }),
);

test('what we make has our labels and no others of these names, whatever the image claims', () => {
  fc.assert(
    fc.property(ours, labels, (given, claimed) => {
      const image = imageOf(claimed);
      const read = believe(inherit(disown(given, image), claimed), image);
      const reserved = Object.entries(read).filter(([name]) => name.startsWith('io.terrarium.'));
      assert.deepEqual(
        Object.fromEntries(reserved),
        Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'team')),
      );
      assert.equal(read.team, given.team ?? claimed.team);
    }),
  );
});

test('what is made without us of an image that claims is not ours, whatever it says', () => {
  fc.assert(
    fc.property(labels, labels, (own, claimed) => {
      const image = imageOf({ 'io.terrarium.managed': 'true', ...claimed });
      // An image cannot hold its own id, but whoever runs a container can write anything: they have the engine's rights.
      const read = believe(inherit(own, claimed), image);
      assert.deepEqual(
        Object.keys(read).filter((name) => name.startsWith('io.terrarium.')),
        [],
      );
    }),
  );
});

test('of an image that claims nothing the labels are as they are', () => {
  fc.assert(
    fc.property(ours, (given) => {
      assert.equal(disown(given, { id, claims: [] }), given);
      assert.deepEqual(believe(given, { id, claims: [] }), given);
    }),
  );
});

test('an id is asked about once, a name each time, a failure again, and what is gone claims nothing', async () => {
  const asked: string[] = [];
  let fails = false;
  const memory = new ClaimsMemory(async (image) => {
    asked.push(image);
    if (fails) throw new Failure('engine_unavailable', 'away');
    if (image === 'gone') throw new Failure('image_not_found', 'gone');
    return { id, labels: { 'io.terrarium.role': 'x', team: 'y' } } as unknown as ImageFacts;
  });
  fails = true;
  await assert.rejects(memory.of(id));
  fails = false;
  for (let count = 0; count < 3; count += 1)
    assert.deepEqual(await memory.of(id), { id, claims: ['io.terrarium.role'] });
  for (let count = 0; count < 2; count += 1) await memory.of('busybox');
  assert.deepEqual(await memory.of('gone'), { id: 'gone', claims: [] });
  assert.deepEqual(asked, [id, id, 'busybox', 'busybox', 'gone']);
});

test('who asks about a name while it is being asked about shares the next question with all others, and nobody cuts it short', async () => {
  const asked: { readonly bounded: boolean; answer(image: string): void }[] = [];
  const memory = new ClaimsMemory(
    (_, options) =>
      new Promise((resolve) =>
        asked.push({
          bounded: options !== undefined,
          answer: (image) => resolve({ id: image, labels: {} } as unknown as ImageFacts),
        }),
      ),
  );
  const first = memory.of('busybox');
  const others = [memory.of('busybox'), memory.of('busybox'), memory.of('busybox')];
  const another = memory.of('alpine');
  const bounded = memory.of('busybox', { deadlineMs: 10 });
  assert.deepEqual(
    asked.map((one) => one.bounded),
    [false, false, true],
  );
  for (const one of asked) one.answer('old');
  assert.deepEqual(
    (await Promise.all([first, another, bounded])).map((one) => one.id),
    ['old', 'old', 'old'],
  );
  assert.equal(asked.length, 4);
  asked[3]?.answer('new');
  for (const one of await Promise.all(others)) assert.equal(one.id, 'new', 'looked at after it was asked for');
});
