// What keeps a mirror true: questions about the same thing are joined, and no answer replaces newer knowledge, in whatever order they come.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Coalescer } from '../../src/engine/coalescer.ts';
import { readContainer } from '../../src/engine/docker/translate-facts.ts';
import type { ContainerChange } from '../../src/engine/mirror.ts';
import { MirrorStore } from '../../src/engine/mirror-store.ts';
import fc from '../support/fast-check.ts';

const facts = (id: string, pid: number) => readContainer({ Id: id, State: { Pid: pid } });

test('whatever the order of the answers, the one to the latest question stays', () => {
  const answers = fc.integer({ min: 1, max: 12 }).chain((count) =>
    fc.tuple(
      fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      fc.shuffledSubarray(
        Array.from({ length: count }, (_, index) => index),
        { minLength: count },
      ),
    ),
  );
  fc.assert(
    fc.property(answers, ([isThere, order]) => {
      const store = new MirrorStore(() => {});
      const tickets = isThere.map(() => store.takeTicket());
      for (const index of order) {
        store.putContainer('c', isThere[index] ? facts('c', index) : null, tickets[index] ?? 0);
      }
      const last = isThere.length - 1;
      assert.equal(store.container('c')?.pid, isThere[last] ? last : undefined);
      assert.equal([...store.containers()].length, isThere[last] ? 1 : 0);
    }),
  );
});

test('a late answer does not bring back what is gone, until no answer can be that late', () => {
  const store = new MirrorStore(() => {});
  const early = store.takeTicket();
  store.putContainer('c', null, store.takeTicket());
  store.putContainer('c', facts('c', 1), early);
  assert.equal(store.container('c'), undefined);
  store.forgetGone(store.takeTicket());
  store.putContainer('c', facts('c', 1), early);
  assert.equal(store.container('c')?.pid, 1);
});

test('only what differs is told, with what was there before', () => {
  const changes: (ContainerChange | null)[] = [];
  const store = new MirrorStore((change) => changes.push(change));
  store.putContainer('c', facts('c', 1), store.takeTicket());
  store.putContainer('c', facts('c', 1), store.takeTicket());
  store.putContainer('c', facts('c', 2), store.takeTicket());
  store.putContainer('c', null, store.takeTicket());
  store.putContainer('c', null, store.takeTicket());
  assert.deepEqual(
    changes.map((change) => change && [change.before?.pid, change.after?.pid]),
    [
      [undefined, 1],
      [1, 2],
      [2, undefined],
    ],
  );
});

test('networks are found by id and by name, and an older list does not replace a newer one', () => {
  const store = new MirrorStore(() => {});
  const network = (id: string, name: string) => ({
    ...{ id, name, driver: 'bridge', scope: 'local', internal: false, attachable: false, ingress: false, ipv6: false },
    ...{ createdAt: '', labels: {}, options: {}, subnets: [] },
  });
  const old = store.takeTicket();
  store.putNetworks([network('1', 'lab')], store.takeTicket());
  store.putNetworks([], old);
  assert.equal(store.network('lab')?.id, '1');
  assert.equal(store.network('1')?.name, 'lab');
  assert.equal(store.network('other'), undefined);
});

test('a question gets an answer that was looked for after it was put, and those that wait share one', async () => {
  let runs = 0;
  const releases: (() => void)[] = [];
  const coalescer = new Coalescer(async () => {
    runs += 1;
    const run = runs;
    await new Promise<void>((resolve) => releases.push(resolve));
    return run;
  });
  const first = coalescer.request('c');
  const [second, third] = [coalescer.request('c'), coalescer.request('c')];
  const other = coalescer.request('d');
  await turn();
  assert.equal(runs, 2, 'another key is not waited for');
  for (const release of releases.splice(0)) release();
  assert.equal(await first, 1);
  assert.equal(await other, 2);
  const fourth = coalescer.request('c');
  await turn();
  for (const release of releases.splice(0)) release();
  assert.deepEqual(await Promise.all([second, third]), [3, 3]);
  await turn();
  for (const release of releases.splice(0)) release();
  assert.ok((await fourth) >= 3);
});

test('a run that fails fails those it was for, and the next one begins anew', async () => {
  let runs = 0;
  const coalescer = new Coalescer(async () => {
    runs += 1;
    if (runs === 1) throw new Error('first');
    return runs;
  });
  const [first, second] = [coalescer.request('c'), coalescer.request('c')];
  await assert.rejects(first, /first/);
  assert.equal(await second, 2);
  assert.equal(await coalescer.request('c'), 3);
});

test('who needs no newer result takes that of the run under way where it is enough, else shares the next', async () => {
  const releases: ((result: number) => void)[] = [];
  const coalescer = new Coalescer(() => new Promise<number>((resolve) => releases.push(resolve)));
  const finish = async (result: number) => {
    releases.shift()?.(result);
    await turn();
  };
  const first = coalescer.request('c');
  const content = coalescer.requestUnless('c', (result) => result === 1);
  const picky = [
    coalescer.requestUnless('c', (result) => result > 1),
    coalescer.requestUnless('c', (result) => result > 1),
  ];
  await finish(1);
  assert.deepEqual(await Promise.all([first, content]), [1, 1]);
  assert.equal(releases.length, 1, 'one run for both that it was not enough for');
  await finish(1);
  assert.deepEqual(
    await Promise.all(picky),
    [1, 1],
    'what was looked for after the question is the answer, whatever it says',
  );

  const running = coalescer.request('c');
  const queued = coalescer.request('c');
  const joined = coalescer.requestUnless('c', () => true);
  await finish(2);
  await finish(3);
  assert.deepEqual(await Promise.all([running, queued, joined]), [2, 3, 3], 'a run that is to come costs nothing more');
  assert.equal(coalescer.isUnderWay('c'), false);
  const alone = coalescer.requestUnless('c', () => true);
  assert.equal(coalescer.isUnderWay('c'), true);
  await finish(4);
  assert.equal(await alone, 4, 'what is over is not kept');
});

test('a run that failed is enough for nobody', async () => {
  let runs = 0;
  const coalescer = new Coalescer(async () => {
    runs += 1;
    if (runs === 1) throw new Error('first');
    return runs;
  });
  const [first, second] = [coalescer.request('c'), coalescer.requestUnless('c', () => true)];
  await assert.rejects(first, /first/);
  assert.equal(await second, 2);
});
