// Join chains: orphans and what can be known of a namespace, by example and against a model of what the kernel really does.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ContainerFacts } from '../../src/domain/container/facts.ts';
import { isBefore, toNanoseconds } from '../../src/domain/container/instant.ts';
import {
  findOrphanReason,
  followJoins,
  isAlive,
  joinTarget,
  locateNamespace,
} from '../../src/domain/container/join-chain.ts';
import { label } from '../../src/domain/labels.ts';
import { containerFacts, idOf, lookupIn } from '../support/container-facts.ts';
import fc from '../support/fast-check.ts';

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z`;
const own = (name: string, second: number, more: Partial<ContainerFacts> = {}) =>
  containerFacts(name, { startedAt: at(second), ...more });
const joined = (name: string, target: string, second: number, more: Partial<ContainerFacts> = {}) =>
  own(name, second, { networkMode: `container:${idOf(target)}`, endpoints: [], ...more });

function judge(name: string, all: readonly ContainerFacts[]) {
  const lookup = lookupIn(all);
  const facts = lookup(idOf(name));
  assert.ok(facts);
  const chain = followJoins(facts, lookup);
  return {
    reason: findOrphanReason(facts, chain),
    place: locateNamespace(facts, chain, lookup).kind,
    end: chain.end.kind,
  };
}

test('timestamps are ordered to the nanosecond, whatever zeros Go left out', () => {
  assert.equal(toNanoseconds('1970-01-01T00:00:01.5Z'), 1_500_000_000n);
  assert.equal(toNanoseconds('1970-01-01T01:00:00.000000001+01:00'), 1n);
  assert.ok(isBefore('2026-01-01T00:00:00.1234Z', '2026-01-01T00:00:00.12345Z'));
  assert.ok(isBefore('2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000000001Z'));
  assert.ok(!isBefore('2026-01-01T00:00:00.1Z', '2026-01-01T00:00:00.10Z'));
  assert.throws(() => toNanoseconds('yesterday'), RangeError);
});

test('a container that is not joined owns its namespace and is never an orphan', () => {
  assert.deepEqual(judge('a', [own('a', 1)]), { reason: null, place: 'owner', end: 'owner' });
  assert.deepEqual(judge('h', [own('h', 1, { networkMode: 'host' })]), { reason: null, place: 'host', end: 'host' });
});

test('a joined container that started after its target shares its namespace', () => {
  assert.deepEqual(judge('b', [own('a', 1), joined('b', 'a', 2)]), { reason: null, place: 'owner', end: 'owner' });
});

test('a restarted, stopped or removed target strands its member', () => {
  assert.deepEqual(judge('b', [own('a', 3), joined('b', 'a', 2)]), {
    reason: 'target_restarted',
    place: 'dead',
    end: 'owner',
  });
  assert.deepEqual(judge('b', [own('a', 1, { state: 'exited' }), joined('b', 'a', 2)]), {
    reason: 'target_stopped',
    place: 'dead',
    end: 'owner',
  });
  assert.deepEqual(judge('b', [joined('b', 'a', 2)]), { reason: 'target_removed', place: 'unknown', end: 'missing' });
});

test('the chain is as whole as its weakest link', () => {
  const chain = (a: number, b: number, c: number) => [own('a', a), joined('b', 'a', b), joined('c', 'b', c)];
  assert.equal(judge('c', chain(1, 2, 3)).reason, null);
  assert.equal(judge('c', chain(4, 2, 3)).reason, 'target_restarted');
  assert.equal(judge('c', chain(4, 5, 3)).reason, 'target_restarted');
  assert.equal(
    judge('c', [own('a', 1, { state: 'exited' }), joined('b', 'a', 2), joined('c', 'b', 3)]).reason,
    'target_stopped',
  );
  assert.equal(judge('c', [joined('b', 'a', 2), joined('c', 'b', 3)]).reason, 'target_removed');
});

test("the host's namespace outlives a restart, but not the want of a target", () => {
  const host = own('h', 9, { networkMode: 'host' });
  assert.deepEqual(judge('b', [host, joined('b', 'h', 2)]), { reason: null, place: 'host', end: 'host' });
  assert.equal(judge('b', [{ ...host, state: 'exited' }, joined('b', 'h', 2)]).reason, 'target_stopped');
});

test('where a managed chain ended is remembered when a link is gone', () => {
  const member = (owner: string) =>
    joined('c', 'b', 3, { labels: { [label.managed]: 'true', [label.namespaceOwner]: owner } });
  assert.equal(judge('c', [member('host')]).place, 'host');
  assert.equal(judge('c', [member(idOf('b'))]).place, 'dead');
  assert.equal(judge('c', [own('a', 4), member(idOf('a'))]).place, 'dead');
  assert.equal(judge('c', [own('a', 1), member(idOf('a'))]).place, 'unknown');
  const foreign = joined('c', 'b', 3, { labels: { [label.namespaceOwner]: 'host' } });
  assert.equal(judge('c', [foreign]).place, 'unknown', 'labels of what we do not manage prove nothing');
});

test('a member that does not run is stranded only by a target that is gone', () => {
  const stopped = joined('b', 'a', 2, { state: 'exited' });
  assert.equal(judge('b', [own('a', 3), stopped]).reason, null);
  assert.equal(judge('b', [own('a', 3, { state: 'exited' }), stopped]).reason, null);
  assert.equal(judge('b', [stopped]).reason, 'target_removed');
});

test('a loop ends, and counts as a target that is gone', () => {
  const loop = [joined('a', 'b', 1), joined('b', 'a', 2)];
  assert.deepEqual(judge('a', loop), { reason: 'target_removed', place: 'unknown', end: 'loop' });
  assert.deepEqual(judge('s', [joined('s', 's', 1)]), { reason: 'target_removed', place: 'unknown', end: 'loop' });
});

// The kernel's side of the story: a process keeps the namespace it was born in; an owner's dies (loses eth0) when the owner ends.
interface Namespace {
  owner: string;
  alive: boolean;
}
type Step = { verb: 'start' | 'stop' | 'remove'; who: number };

function simulate(targets: readonly (number | 'host' | null)[], steps: readonly Step[]) {
  const hostNamespace: Namespace = { owner: 'host', alive: true };
  const name = (index: number) => `c${index}`;
  const placed = new Map<string, Namespace>();
  let all: ContainerFacts[] = targets.map((target, index) => {
    const networkMode = target === null ? 'default' : target === 'host' ? 'host' : `container:${idOf(name(target))}`;
    return containerFacts(name(index), { networkMode, state: 'created', startedAt: null });
  });
  const end = (facts: ContainerFacts) => {
    const namespace = placed.get(facts.id);
    if (namespace?.owner === facts.id) namespace.alive = false;
    placed.delete(facts.id);
  };
  steps.forEach(({ verb, who }, tick) => {
    const facts = all.find((one) => one.name === name(who));
    if (facts === undefined) return;
    if (verb === 'remove') {
      end(facts);
      all = all.filter((one) => one !== facts);
      return;
    }
    let namespace: Namespace | undefined;
    if (verb === 'start') {
      const target = joinTarget(facts.networkMode);
      if (facts.networkMode === 'host') namespace = hostNamespace;
      else if (target === null) namespace = { owner: facts.id, alive: true };
      else namespace = placed.get(target);
      if (namespace === undefined) return; // the engine refuses: its target does not run
    }
    end(facts);
    if (namespace !== undefined) placed.set(facts.id, namespace);
    const started = namespace === undefined ? {} : { startedAt: new Date(Date.UTC(2026, 0, 1) + tick).toISOString() };
    const next: ContainerFacts = { ...facts, state: namespace === undefined ? 'exited' : 'running', ...started };
    all = all.map((one) => (one === facts ? next : one));
  });
  return { all, placed };
}

test('whatever is started, restarted, stopped and removed in whatever order, what is claimed of a namespace is true', () => {
  const targets = fc.tuple(
    fc.constantFrom(null, 'host' as const),
    ...[1, 2, 3, 4].map((index) =>
      fc.oneof({ weight: 4, arbitrary: fc.nat(index - 1) }, { weight: 1, arbitrary: fc.constant(null) }),
    ),
  );
  const steps = fc.array(
    fc.record({
      verb: fc.constantFrom('start' as const, 'start' as const, 'stop' as const, 'remove' as const),
      who: fc.nat(4),
    }),
    { minLength: 5, maxLength: 40 },
  );
  const seen = new Set<string>();
  fc.assert(
    fc.property(targets, steps, (joins, script) => {
      const { all, placed } = simulate(joins, script);
      const lookup = lookupIn(all);
      for (const facts of all) {
        if (!isAlive(facts)) continue;
        const chain = followJoins(facts, lookup);
        const claim = locateNamespace(facts, chain, lookup);
        const truth = placed.get(facts.id);
        assert.ok(truth);
        seen.add(claim.kind);
        if (claim.kind === 'host') assert.equal(truth.owner, 'host');
        if (claim.kind === 'owner') assert.deepEqual(truth, { owner: claim.owner.id, alive: true });
        if (claim.kind === 'dead') assert.equal(truth.alive, false);
        if (findOrphanReason(facts, chain) === null) assert.equal(truth.alive, true, 'what is not an orphan is alive');
      }
    }),
    { numRuns: 2000 },
  );
  assert.deepEqual([...seen].sort(), ['dead', 'host', 'owner', 'unknown'], 'every verdict was put to the test');
});
