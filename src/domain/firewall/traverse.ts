// Takes a packet through the rules of a hook as the kernel does: table by table, chain by chain. Where a condition cannot be decided both ways are
// followed; the answer is `unknown` only where they end differently, and then it names the rule.
import { conditionOf } from './matches.ts';
import type { Packet, Surroundings } from './packet.ts';
import type { Chain, Rule, Ruleset, TableName } from './ruleset.ts';
import { effectOf } from './targets.ts';

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** By the kernel's priorities (include/uapi/linux/netfilter_ipv4.h). Of a table without such a chain nothing is asked. */
export const tablesOf: Readonly<Record<Hook, readonly TableName[]>> = {
  PREROUTING: ['raw', 'mangle', 'nat'],
  INPUT: ['mangle', 'filter', 'security', 'nat'],
  FORWARD: ['mangle', 'filter', 'security'],
  OUTPUT: ['raw', 'mangle', 'nat', 'filter', 'security'],
  POSTROUTING: ['mangle', 'nat'],
};

/** A rule that matched, or a chain's policy that was reached (`rule` is null). */
export interface Step {
  readonly chain: Chain;
  readonly rule: Rule | null;
  /** False where it hangs on an undecided rule whether the packet came here, or matched. */
  readonly isCertain: boolean;
}

/** Who decided: a rule, or a chain's policy. */
export interface Decider {
  readonly chain: Chain;
  readonly rule: Rule | null;
}

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop'; readonly by: Decider }
  | { readonly kind: 'reject'; readonly with: string; readonly by: Decider }
  /** `table` is set, and `by` null, where a table could not be read at all. */
  | { readonly kind: 'unknown'; readonly by: Decider | null; readonly table: TableName | null };

export interface Traversal {
  readonly verdict: Verdict;
  /** As it leaves the hook, translated; as it came where it does not leave it for certain. */
  readonly packet: Packet;
  /** In the order in which they matched. */
  readonly trail: readonly Step[];
}

export interface TraversalOptions {
  /**
   * The connection has got its translations already: its packets do not ask the nat table, and at its place conntrack rewrites them so. Those of a
   * connection that is not new do not ask it anyway.
   */
  readonly translate?: (packet: Packet) => Packet;
}

/** Cycles cannot be loaded into a kernel; a text may still have one. */
const deepest = 64;

export function traverse(
  ruleset: Ruleset,
  hook: Hook,
  packet: Packet,
  surroundings: Surroundings,
  { translate }: TraversalOptions = {},
): Traversal {
  const journey = new Journey(surroundings);
  let packets: readonly Packet[] = [packet];
  for (const name of tablesOf[hook]) {
    if (name === 'nat' && translate !== undefined) {
      packets = packets.map(translate);
      continue;
    }
    const asked = name === 'nat' ? packets.filter(({ connection }) => connection.state === 'NEW') : packets;
    const passed = name === 'nat' ? packets.filter((one) => !asked.includes(one)) : [];
    if (asked.length === 0) continue;
    if (ruleset.unreadable.has(name)) {
      journey.endings.push({ verdict: { kind: 'unknown', by: null, table: name }, packet });
      packets = [];
      break;
    }
    const chain = ruleset.tables.get(name)?.get(hook);
    if (chain !== undefined) packets = merge([...passed, ...journey.passTable(ruleset, chain, asked)]);
  }
  for (const one of packets) journey.endings.push({ verdict: { kind: 'accept' }, packet: one });
  return journey.conclude(packet);
}

interface Ending {
  readonly verdict: Verdict;
  readonly packet: Packet;
}

/** Where the packets are that went into a chain. */
interface Passage {
  /** Back to the chain that called it. */
  readonly returned: readonly Packet[];
  readonly accepted: readonly Packet[];
}

/** One walk through a hook: what the packet may have become so far. */
class Journey {
  readonly endings: Ending[] = [];
  readonly #trail: Step[] = [];
  readonly #undecided: Decider[] = [];
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Answers the packets that go on to the next table. */
  passTable(ruleset: Ruleset, chain: Chain, packets: readonly Packet[]): readonly Packet[] {
    const isWhole = this.endings.length === 0;
    const { returned, accepted } = this.#passChain(ruleset, chain, packets, isWhole, 0);
    if (returned.length === 0) return accepted;
    // Of a base chain, RETURN and the end of its rules are the same: its policy.
    const isCertain = isWhole && accepted.length === 0 && this.endings.length === 0;
    this.#trail.push({ chain, rule: null, isCertain });
    if (chain.policy !== 'DROP') return [...accepted, ...returned];
    for (const packet of returned) this.endings.push({ verdict: { kind: 'drop', by: { chain, rule: null } }, packet });
    return accepted;
  }

  /** @param isWhole `packets` are all that the packet may have become: what matches them all matches for certain */
  #passChain(ruleset: Ruleset, chain: Chain, packets: readonly Packet[], isWhole: boolean, depth: number): Passage {
    const returned: Packet[] = [];
    const accepted: Packet[] = [];
    let here = packets;
    for (const rule of chain.rules) {
      if (here.length === 0) break;
      const { hits, misses, isUndecided } = this.#ask(rule, here);
      if (hits.length === 0) continue;
      const isCertain = isWhole && misses.length === 0;
      this.#trail.push({ chain, rule, isCertain });
      const called = rule.target === null ? undefined : ruleset.tables.get(rule.table)?.get(rule.target.name);
      if (called !== undefined && depth < deepest) {
        const endings = this.endings.length;
        const passage = this.#passChain(ruleset, called, hits, isCertain, depth + 1);
        accepted.push(...passage.accepted);
        if (rule.target?.isGoto === true) returned.push(...passage.returned);
        const back = rule.target?.isGoto === true ? [] : passage.returned;
        if (passage.accepted.length > 0 || this.endings.length > endings || rule.target?.isGoto === true) {
          if (isUndecided) this.#undecided.push({ chain, rule });
          if (misses.length > 0 || back.length > 0) isWhole = false;
        }
        here = merge([...misses, ...back]);
        continue;
      }
      const goingOn: Packet[] = [];
      for (const packet of hits) {
        const effect = effectOf(rule, packet, this.#surroundings);
        if (effect.kind === 'continue') goingOn.push(effect.packet);
        else if (effect.kind === 'accept') accepted.push(effect.packet);
        else if (effect.kind === 'return') returned.push(packet);
        else this.endings.push({ verdict: toVerdict(effect, { chain, rule }), packet });
      }
      const hasEnded = goingOn.length < hits.length;
      if (isUndecided && hasEnded) this.#undecided.push({ chain, rule });
      if (hasEnded) isWhole = false;
      here = merge([...misses, ...goingOn]);
    }
    return { returned: merge([...returned, ...here]), accepted };
  }

  #ask(rule: Rule, packets: readonly Packet[]) {
    const condition = conditionOf(rule);
    const hits: Packet[] = [];
    const misses: Packet[] = [];
    let isUndecided = false;
    for (const packet of packets) {
      const answer = condition(packet, this.#surroundings);
      if (answer !== 'no') hits.push(packet);
      if (answer !== 'yes') misses.push(packet);
      if (answer === 'unknown') isUndecided = true;
    }
    return { hits, misses, isUndecided };
  }

  /** One answer where all endings are alike; else `unknown`, by the first rule that parted them. */
  conclude(packet: Packet): Traversal {
    const [first, ...others] = this.endings;
    const trail = this.#trail;
    if (first === undefined) return { verdict: { kind: 'accept' }, packet, trail };
    if (others.every((other) => isAlike(first, other)))
      return { verdict: first.verdict, packet: first.verdict.kind === 'accept' ? first.packet : packet, trail };
    const by = this.#undecided[0] ?? null;
    return { verdict: { kind: 'unknown', by, table: null }, packet, trail };
  }
}

function toVerdict(effect: { kind: 'drop' | 'unknown' } | { kind: 'reject'; with: string }, by: Decider): Verdict {
  if (effect.kind === 'reject') return { kind: 'reject', with: effect.with, by };
  return effect.kind === 'drop' ? { kind: 'drop', by } : { kind: 'unknown', by, table: null };
}

/** Packets that differ in nothing that a later rule could ask are one. */
function merge(packets: readonly Packet[]): readonly Packet[] {
  if (packets.length < 2) return packets;
  const distinct = new Map<string, Packet>();
  for (const packet of packets) distinct.set(spell(packet), packet);
  return [...distinct.values()];
}

function spell({ source, sourcePort, destination, destinationPort, mark, connection }: Packet): string {
  return [
    ...[source.value, sourcePort, destination.value, destinationPort, mark],
    ...[connection.state, connection.mark, connection.isDestinationTranslated, connection.isSourceTranslated],
  ].join(' ');
}

/** For the one who sent it: where it goes on alike, or fails alike. */
function isAlike(one: Ending, other: Ending): boolean {
  if (one.verdict.kind !== other.verdict.kind) return false;
  if (one.verdict.kind === 'accept') return spell(one.packet) === spell(other.packet);
  return one.verdict.kind !== 'reject' || other.verdict.kind !== 'reject' || one.verdict.with === other.verdict.with;
}
