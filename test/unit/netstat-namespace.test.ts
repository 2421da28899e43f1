// Which namespace a container is in now, and how a helper gets there.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ContainerFacts } from '../../src/domain/container/facts.ts';
import { findNamespace } from '../../src/domain/observation/namespace-target.ts';
import { containerFacts, lookupIn } from '../support/container-facts.ts';

const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
const web = containerFacts('web', { startedAt: at(1) });
const join = (name: string, target: ContainerFacts, overrides: Partial<ContainerFacts> = {}) =>
  containerFacts(name, { networkMode: `container:${target.id}`, startedAt: at(2), ...overrides });

function find(facts: ContainerFacts, ...others: ContainerFacts[]) {
  return findNamespace('local', facts, lookupIn([facts, ...others]));
}

test('its own, and another one after a restart', () => {
  const found = find(web);
  assert.deepEqual(found, {
    id: `local~${web.id}~${at(1)}`,
    networkMode: `container:${web.id}`,
    anchor: { id: web.id, startedAt: at(1) },
  });
  assert.notEqual(find({ ...web, startedAt: at(3) })?.id, found?.id);
  assert.deepEqual(find({ ...web, state: 'paused' }), found);
});

test('that of its target, through the whole chain', () => {
  const spy = join('spy', web);
  const spyOfSpy = join('second', spy, { startedAt: at(3) });
  assert.deepEqual(find(spy, web), find(web));
  assert.deepEqual(find(spyOfSpy, spy, web), find(web));
});

test("the host's, for whoever is joined to it too", () => {
  const host = containerFacts('host', { networkMode: 'host' });
  const expected = { id: 'local~host', networkMode: 'host', anchor: null };
  assert.deepEqual(find(host), expected);
  assert.deepEqual(find(join('spy', host), host), expected);
});

test('a stranded one is looked at by joining itself', () => {
  const spy = join('spy', web);
  const own = { id: `local~${spy.id}~${at(2)}`, networkMode: `container:${spy.id}` };
  for (const targets of [[{ ...web, startedAt: at(3) }], [{ ...web, state: 'exited' as const }], []]) {
    const found = find(spy, ...targets);
    assert.deepEqual({ id: found?.id, networkMode: found?.networkMode }, own);
  }
});

test('what does not run is in none', () => {
  for (const state of ['created', 'restarting', 'exited', 'dead', 'removing'] as const) {
    assert.equal(find({ ...web, state }), null);
  }
});
