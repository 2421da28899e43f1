// The rules of the real programs, in a real kernel, against ours: rules made by chance are loaded into a router of the test's own, real connections pass
// it, and each ends as predicted; the rules whose counters moved are those that we say are met, and nat rules counted the connections.
// TERRARIUM_SWEEP=1 loads many more; a failure names its seed and the rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRuleset } from '../../src/domain/firewall/parse.ts';
import type { Rule, Ruleset } from '../../src/domain/firewall/ruleset.ts';
import fc from '../support/fast-check.ts';
import { rulesOf } from '../support/generated-rules.ts';
import { differentialRun } from '../support/generated-strings.ts';
import {
  type Call,
  type Family,
  makeRouterLab,
  places,
  type RouterLab,
  type Variant,
  whyNoRouterLab,
} from '../support/router-lab.ts';
import { type SimulatedCall, simulateCall } from '../support/simulated-call.ts';

const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { cases, seed } = differentialRun(isSweep ? 400 : 12);
/** A connection that hears nothing is given up after this; the kernel sends again after a second. */
const silenceMs = 400;
const patienceMs = 20_000;

const skip = whyNoRouterLab();

for (const variant of ['nft', 'legacy'] as const)
  for (const family of ['ipv4', 'ipv6'] as const)
    test(`${family} rules of the ${variant} variant do what is predicted`, { skip }, async (t) => {
      const lab = await makeRouterLab(t, variant);
      const rulesets = fc.sample(rulesOf(family), { numRuns: cases, seed });
      const calls = fc.sample(callsOf(family), { numRuns: cases, seed });
      const tally = new Map<string, number>();
      for (const [i, rules] of rulesets.entries()) {
        const outcomes = await compare(lab, variant, family, rules, calls[i] ?? []);
        for (const outcome of outcomes) tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      }
      t.diagnostic(`seed ${seed}: ${[...tally].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`);
      const known = [...tally.values()].reduce((sum, count) => sum + count, 0) - (tally.get('unknown') ?? 0);
      assert.ok(known > cases * 2, `of ${cases} rulesets only ${known} connections were predicted`);
      for (const outcome of ['open', 'timeout', 'refused'])
        assert.ok(tally.has(outcome), `no connection was ${outcome}`);
    });

type Target = Omit<Call, 'timeoutMs'>;

function callsOf(family: Family): fc.Arbitrary<Target[]> {
  const { near, far, server, server2 } = places[family];
  const call = fc.record({
    from: fc.constantFrom('client' as const, 'client' as const, 'client' as const, 'router' as const),
    address: fc.constantFrom(near, far, server, server, server2),
    port: fc.constantFrom(80, 80, 81, 8080, 90),
  });
  return fc.uniqueArray(call, { minLength: 3, maxLength: 5, selector: (one) => JSON.stringify(one) });
}

async function compare(
  lab: RouterLab,
  variant: Variant,
  family: Family,
  rules: string,
  targets: readonly Target[],
): Promise<SimulatedCall['outcome'][]> {
  await lab.load(family, rules);
  const before = parseRuleset(await lab.save(family), family);
  const predicted = targets.map((target) => simulateCall(family, before, { ...target, timeoutMs: 0 }));
  const outcomes = await lab.call(
    targets.map((target, i) => ({
      ...target,
      timeoutMs: ['timeout', 'unknown'].includes(predicted[i]?.outcome ?? '') ? silenceMs : patienceMs,
    })),
  );
  const counted = countMoves(before, parseRuleset(await lab.save(family), family));
  const tcpOnly = listTcpOnly(before);
  const context = () =>
    `${variant} ${family} seed ${seed}\n${targets
      .map((target, i) => `${JSON.stringify(target)}: predicted ${predicted[i]?.outcome}, was ${outcomes[i]}`)
      .join('\n')}\n${rules}`;
  for (const [i, { outcome }] of predicted.entries())
    if (outcome !== 'unknown') assert.equal(outcomes[i], outcome, context());
  compareCounters(predicted, counted, { isOwnTraffic: (rule) => family === 'ipv6' && !tcpOnly.has(rule), context });
  return predicted.map(({ outcome }) => outcome);
}

/** Packets that each rule counted between two readings. */
function countMoves(before: Ruleset, after: Ruleset): Map<string, number> {
  const moves = new Map<string, number>();
  for (const [table, chains] of after.tables)
    for (const [name, chain] of chains)
      for (const { index, packets } of chain.rules) {
        const old = before.tables.get(table)?.get(name)?.rules[index - 1]?.packets ?? 0;
        moves.set(`${table} ${name} ${index}`, packets - old);
      }
  return moves;
}

/** Rules that no other protocol can meet. */
function listTcpOnly({ tables }: Ruleset): Set<string> {
  const isTcp = ({ matches }: Rule) =>
    matches.some(({ name, negated, values }) => name === 'protocol' && !negated && values[0] === 'tcp');
  return new Set(
    [...tables].flatMap(([table, chains]) =>
      [...chains].flatMap(([chain, { rules }]) => rules.filter(isTcp).map(({ index }) => `${table} ${chain} ${index}`)),
    ),
  );
}

/** @param isOwnTraffic may the kernel's own packets meet the rule: neighbours and multicast groups are asked for over ICMPv6 */
function compareCounters(
  predicted: readonly SimulatedCall[],
  counted: ReadonlyMap<string, number>,
  { isOwnTraffic, context }: { isOwnTraffic(rule: string): boolean; context(): string },
): void {
  const met = new Set(predicted.flatMap((one) => [...one.met]));
  const possible = new Set(predicted.flatMap((one) => [...one.met, ...one.maybe]));
  const isExact = predicted.every(({ isOpenEnded }) => !isOpenEnded);
  const isCountable = isExact && predicted.every(({ outcome, maybe }) => outcome !== 'timeout' && maybe.size === 0);
  for (const [rule, count] of counted) {
    if (met.has(rule)) assert.ok(count > 0, `${rule} was not met\n${context()}`);
    else if (isExact && !possible.has(rule) && !isOwnTraffic(rule))
      assert.equal(count, 0, `${rule} was met\n${context()}`);
    if (!isCountable || !rule.startsWith('nat ')) continue;
    const expected = predicted.reduce((sum, { connections }) => sum + (connections.get(rule) ?? 0), 0);
    assert.equal(count, expected, `${rule} counts connections\n${context()}`);
  }
}
