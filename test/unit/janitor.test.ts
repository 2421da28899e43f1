// Whose time is up, by labels and the engine's time.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ContainerFacts } from '../../src/domain/container/facts.ts';
import { joinTarget } from '../../src/domain/container/join-chain.ts';
import { findExpired, findNextExpiry, readExpiry } from '../../src/services/janitor/expiry.ts';
import { containerFacts, idOf } from '../support/container-facts.ts';
import fc from '../support/fast-check.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const at = (offsetMs: number) => new Date(now + offsetMs).toISOString();

function labelled(name: string, labels: Record<string, string>, overrides: Partial<ContainerFacts> = {}) {
  return containerFacts(name, { ...overrides, labels: { 'io.terrarium.managed': 'true', ...labels } });
}

test('an expiry is read only where we manage the container and understand the label', () => {
  assert.equal(readExpiry(labelled('a', { 'io.terrarium.expires-at': at(5) })), now + 5);
  for (const facts of [
    labelled('a', {}),
    labelled('a', { 'io.terrarium.expires-at': 'soon' }),
    labelled('a', { 'io.terrarium.expires-at': '' }),
    labelled('a', { 'io.terrarium.expires-at': at(5), 'io.terrarium.managed': 'false' }),
    labelled('a', { 'io.terrarium.expires-at': at(5), 'io.terrarium.role': 'helper' }),
    containerFacts('a', { labels: { 'io.terrarium.expires-at': at(5) } }),
  ])
    assert.equal(readExpiry(facts), null);
});

test('a container is expired from its very moment on, and the next expiry is one that is to come', () => {
  const containers = [-1, 0, 1, 500].map((offset) => labelled(`c${offset}`, { 'io.terrarium.expires-at': at(offset) }));
  assert.deepEqual(
    findExpired(containers, now)
      .flat()
      .map(({ name }) => name),
    ['c-1', 'c0'],
  );
  assert.equal(findNextExpiry(containers, now), now + 1);
  assert.equal(findNextExpiry(containers, now + 500), null);
});

/** Containers that may be joined to each other, also in circles, also to one that is not there. */
const populations = fc
  .array(
    fc.record({
      offset: fc.integer({ min: -3, max: 3 }),
      isManaged: fc.boolean(),
      target: fc.option(fc.nat(8), { nil: undefined }),
    }),
    { maxLength: 8 },
  )
  .map((parts) =>
    parts.map(({ offset, isManaged, target }, index) =>
      containerFacts(`c${index}`, {
        networkMode: target === undefined ? 'none' : `container:${idOf(`c${target}`)}`,
        labels: { 'io.terrarium.expires-at': at(offset), ...(isManaged && { 'io.terrarium.managed': 'true' }) },
      }),
    ),
  );

test('exactly those that we manage and whose time is up are removed, once each', () => {
  fc.assert(
    fc.property(populations, (containers) => {
      const expected = containers.filter((facts) => (readExpiry(facts) ?? now + 1) <= now).map(({ id }) => id);
      const found = findExpired(containers, now)
        .flat()
        .map(({ id }) => id);
      assert.deepEqual([...found].sort(), [...expected].sort());
    }),
  );
});

test('what is joined goes before its target', () => {
  const chain = fc.integer({ min: 2, max: 7 }).chain((length) =>
    fc.shuffledSubarray(
      Array.from({ length }, (_, index) =>
        labelled(
          `c${index}`,
          { 'io.terrarium.expires-at': at(0) },
          { networkMode: index === 0 ? 'default' : `container:${idOf(`c${index - 1}`)}` },
        ),
      ),
      { minLength: length },
    ),
  );
  fc.assert(
    fc.property(chain, (containers) => {
      const order = findExpired(containers, now).flatMap((group, rank) => group.map(({ id }) => [id, rank] as const));
      const rankOf = new Map(order);
      for (const { id, networkMode } of containers) {
        const target = joinTarget(networkMode);
        if (target !== null) assert.ok((rankOf.get(id) ?? 0) < (rankOf.get(target) ?? 0));
      }
    }),
  );
});
