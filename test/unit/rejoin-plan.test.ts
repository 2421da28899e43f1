// The policy `rejoin: auto`, by example and against a model of what the engine does: whatever was restarted, stopped and replaced in trees of joined
// containers, following the plan heals all that can be healed, each once, targets first, and touches nobody else.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ContainerFacts } from '../../src/domain/container/facts.ts';
import { findOrphanReason, followJoins, isAlive, joinTarget } from '../../src/domain/container/join-chain.ts';
import { planRejoin, readRejoinPolicy } from '../../src/domain/container/rejoin-plan.ts';
import { label } from '../../src/domain/labels.ts';
import { containerFacts, idOf, lookupIn } from '../support/container-facts.ts';
import fc from '../support/fast-check.ts';

const at = (tick: number) => new Date(Date.UTC(2026, 0, 1) + tick).toISOString();
const own = (name: string, tick: number, more: Partial<ContainerFacts> = {}) =>
  containerFacts(name, { startedAt: at(tick), labels: { [label.managed]: 'true' }, ...more });
const joined = (name: string, target: string, tick: number, more: Partial<ContainerFacts> = {}) =>
  own(name, tick, {
    networkMode: `container:${idOf(target)}`,
    labels: { [label.managed]: 'true', [label.target]: target, [label.rejoin]: 'auto' },
    ...more,
  });

function plan(name: string, all: readonly ContainerFacts[]): string | null {
  const facts = all.find((one) => one.name === name);
  assert.ok(facts);
  return planRejoin(facts, lookupIn(all), () => all)?.kind ?? null;
}

test('a step for each way to be stranded, and none for what shares what it should', () => {
  assert.equal(plan('b', [own('a', 1), joined('b', 'a', 2)]), null);
  assert.equal(plan('b', [own('a', 3), joined('b', 'a', 2)]), 'restart');
  assert.equal(plan('b', [own('a', 3, { state: 'paused' }), joined('b', 'a', 2)]), 'restart', 'it can be joined');
  assert.equal(plan('b', [own('a', 1, { state: 'exited' }), joined('b', 'a', 2)]), null, 'it is waited for');
  assert.equal(plan('b', [own('a', 1, { state: 'restarting' }), joined('b', 'a', 2)]), null);
  assert.equal(plan('b', [joined('b', 'a', 2)]), null, 'nothing to join');
  assert.equal(plan('b', [own('a', 3, { id: idOf('another') }), joined('b', 'a', 2)]), 'replace');
  const foreign = own('a', 3, { id: idOf('another'), labels: {} });
  assert.equal(plan('b', [foreign, joined('b', 'a', 2)]), null, 'what Terrarium did not make takes no place');
});

test('a chain heals from its owner on', () => {
  const chain = (a: number, b: number, c: number) => [own('a', a), joined('b', 'a', b), joined('c', 'b', c)];
  assert.deepEqual([plan('b', chain(4, 2, 3)), plan('c', chain(4, 2, 3))], ['restart', null]);
  assert.deepEqual([plan('b', chain(4, 5, 3)), plan('c', chain(4, 5, 3))], [null, 'restart']);
});

test('what somebody stopped or froze is left so; what the engine could not start is started', () => {
  const a = own('a', 3);
  for (const state of ['exited', 'paused', 'created', 'restarting'] as const)
    assert.equal(plan('b', [a, joined('b', 'a', 2, { state })]), null, state);
  assert.equal(plan('b', [a, joined('b', 'a', 2, { state: 'exited', missedTarget: true })]), 'start');
  const away = own('a', 3, { state: 'exited' });
  assert.equal(plan('b', [away, joined('b', 'a', 2, { state: 'exited', missedTarget: true })]), null);
});

test('nobody but a managed container with the policy is planned for', () => {
  const a = own('a', 3);
  const labelled = (labels: Record<string, string>) => plan('b', [a, joined('b', 'a', 2, { labels })]);
  assert.equal(labelled({ [label.managed]: 'true' }), null);
  assert.equal(labelled({ [label.managed]: 'true', [label.rejoin]: 'manual' }), null);
  assert.equal(labelled({ [label.rejoin]: 'auto' }), null);
  assert.equal(labelled({ [label.managed]: 'true', [label.rejoin]: 'auto', [label.role]: 'helper' }), null);
  assert.equal(plan('a', [own('a', 3, { labels: { [label.managed]: 'true', [label.rejoin]: 'auto' } })]), null);
});

interface Deed {
  readonly verb: 'restart' | 'stop' | 'start' | 'replace';
  readonly who: number;
}

/** The engine as far as it matters: who runs since when, and in whose namespace. */
class World {
  readonly all: ContainerFacts[] = [];
  /** By id of the container: the id of the owner and which of its runs. */
  readonly places = new Map<string, string>();
  #tick = 10;
  #ids = 0;

  constructor(targets: readonly (number | null)[], isAuto: readonly boolean[]) {
    targets.forEach((target, index) => {
      const name = `c${index}`;
      const labels = { [label.managed]: 'true', ...(isAuto[index] === true && { [label.rejoin]: 'auto' }) };
      this.all.push(
        target === null
          ? own(name, 0, { state: 'created', labels })
          : joined(name, `c${target}`, 0, { state: 'created', labels: { ...labels, [label.target]: `c${target}` } }),
      );
      this.start(name);
    });
  }

  byName = (name: string) => this.all.find((one) => one.name === name);

  start(name: string): boolean {
    const facts = this.byName(name);
    if (facts === undefined) return false;
    const ref = joinTarget(facts.networkMode);
    const target = ref === null ? undefined : this.all.find((one) => one.id === ref);
    if (ref !== null && (target === undefined || !isAlive(target))) {
      this.#put({ ...facts, state: 'exited', missedTarget: true });
      return false;
    }
    this.#tick += 1;
    this.places.set(facts.id, target === undefined ? `${facts.id} ${this.#tick}` : (this.places.get(target.id) ?? ''));
    this.#put({ ...facts, state: 'running', missedTarget: false, startedAt: at(this.#tick) });
    return true;
  }

  stop(name: string): void {
    const facts = this.byName(name);
    if (facts === undefined) return;
    this.places.delete(facts.id);
    this.#put({ ...facts, state: 'exited', missedTarget: false });
  }

  /** Another one, with another id, under its name; joined to the one that has its target's name now. */
  replace(name: string): void {
    const facts = this.byName(name);
    if (facts === undefined) return;
    const target = this.byName(facts.labels[label.target] ?? '');
    this.places.delete(facts.id);
    this.all.splice(this.all.indexOf(facts), 1);
    this.#ids += 1;
    const networkMode = target === undefined ? facts.networkMode : `container:${target.id}`;
    this.all.push({ ...facts, id: idOf(`${name}.${this.#ids}`), networkMode, state: 'created', startedAt: at(0) });
    this.start(name);
  }

  do({ verb, who }: Deed): void {
    const name = `c${who}`;
    if (verb === 'stop' || verb === 'restart') this.stop(name);
    if (verb === 'start' || verb === 'restart') this.start(name);
    if (verb === 'replace') this.replace(name);
  }

  #put(facts: ContainerFacts): void {
    this.all[this.all.findIndex((one) => one.id === facts.id)] = facts;
  }
}

test('following the plan heals all that can be healed, each once, and ends', () => {
  const size = 6;
  const targets = fc.tuple(
    fc.constant(null),
    ...Array.from({ length: size - 1 }, (_, index) =>
      fc.oneof({ weight: 5, arbitrary: fc.nat(index) }, { weight: 1, arbitrary: fc.constant(null) }),
    ),
  );
  const policies = fc.array(
    fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    { minLength: size, maxLength: size },
  );
  const deeds = fc.array(
    fc.record({
      verb: fc.constantFrom<Deed['verb']>('restart', 'stop', 'start', 'start', 'replace'),
      who: fc.nat(size - 1),
    }),
    { maxLength: 8 },
  );
  const seen = new Set<string>();
  fc.assert(
    fc.property(targets, policies, deeds, fc.infiniteStream(fc.nat(size)), (joins, isAuto, script, choices) => {
      const world = new World(joins, isAuto);
      for (const deed of script) world.do(deed);
      const stoppedBefore = world.all.filter((one) => !isAlive(one) && !one.missedTarget).map(({ name }) => name);
      const acted: string[] = [];
      for (;;) {
        const lookup = lookupIn(world.all);
        const steps = world.all.flatMap((facts) => {
          const step = planRejoin(facts, lookup, () => world.all);
          return step === null ? [] : [{ facts, kind: step.kind }];
        });
        const { value: choice } = choices.next();
        const next = steps[(choice ?? 0) % Math.max(steps.length, 1)];
        if (next === undefined) break;
        const { name } = next.facts;
        assert.equal(readRejoinPolicy(next.facts), 'auto');
        assert.ok(!acted.includes(name), `${name} is rejoined twice`);
        acted.push(name);
        seen.add(next.kind);
        if (next.kind === 'replace') world.replace(name);
        else {
          if (next.kind === 'restart') world.stop(name);
          assert.ok(world.start(name), `${name} is started before its target`);
        }
      }
      for (const name of stoppedBefore) assert.ok(!acted.includes(name), `${name} had been stopped`);
      for (const facts of world.all) {
        if (joinTarget(facts.networkMode) === null || readRejoinPolicy(facts) !== 'auto') continue;
        if (!isAlive(facts) && !facts.missedTarget) continue;
        const target = world.byName(facts.labels[label.target] ?? '');
        const isWhole =
          target !== undefined &&
          isAlive(target) &&
          findOrphanReason(target, followJoins(target, lookupIn(world.all))) === null;
        if (!isWhole) continue;
        assert.ok(isAlive(facts), `${facts.name} was to be started`);
        assert.equal(world.places.get(facts.id), world.places.get(target.id), `${facts.name} is elsewhere`);
      }
    }),
    { numRuns: 3000 },
  );
  assert.deepEqual([...seen].sort(), ['replace', 'restart', 'start'], 'every step was put to the test');
});
