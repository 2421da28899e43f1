// What the rules of a hook did, in words and as hops; and which of the closed list of codes a stop of theirs is.

import type { Hop, HopKind, SeenRule } from '../../schemas/packet-path.ts';
import type { ReachabilityCode, SeenAs } from '../../schemas/reachability-codes.ts';
import type { Packet } from '../firewall/packet.ts';
import type { Hook, Step, Traversal, Verdict } from '../firewall/traverse.ts';
import type { NetworkPlace } from './world.ts';

type Refusal = Exclude<Verdict, { kind: 'accept' }>;

const dockerUser = 'DOCKER-USER';
/** Docker's own chains that keep networks apart: up to Docker 28, since Docker 29. */
const isolation = /^DOCKER-ISOLATION|^DOCKER-INTERNAL/;

export function judgeStop(
  verdict: Refusal,
  { inInterface, outInterface }: Packet,
  networks: { readonly in: NetworkPlace | null; readonly out: NetworkPlace | null },
): { readonly outcome: 'fails' | 'unknown'; readonly code: ReachabilityCode } {
  if (verdict.kind === 'unknown')
    return { outcome: 'unknown', code: verdict.by === null ? 'rules_not_known' : 'rule_not_decidable' };
  const { chain, rule } = verdict.by;
  const code = (): ReachabilityCode => {
    if (chain.name === dockerUser) return 'dropped_in_docker_user';
    if (isolation.test(chain.name)) return 'networks_isolated';
    const isWithin = inInterface !== null && inInterface === outInterface;
    if (isWithin && networks.in?.icc === false && verdict.kind === 'drop') return 'icc_off';
    if (rule === null) return 'dropped_by_policy';
    return verdict.kind === 'reject' ? 'rejected_by_rule' : 'dropped_by_rule';
  };
  return { outcome: 'fails', code: code() };
}

/** What connect() says to such an answer (net/ipv4/icmp.c, net/ipv6/icmp.c: tables of errors). */
export function seenAfterRejection(kind: string): SeenAs {
  return /tcp-reset|port-unreach/.test(kind) ? 'refused' : 'unreachable';
}

export function describeDecider(verdict: Refusal): string {
  if (verdict.kind === 'unknown') {
    if (verdict.by === null) return `the table ${verdict.table} has rules that iptables cannot show`;
    return `whether ${nameRule(verdict.by)} applies cannot be decided: ${verdict.by.rule?.text}`;
  }
  const { chain, rule } = verdict.by;
  if (rule === null) return `no rule accepts it, and the policy of ${chain.name} drops it`;
  return `${verdict.kind === 'reject' ? 'rejected' : 'dropped'} in ${nameRule(verdict.by)}: ${rule.text}`;
}

function nameRule({ chain, rule }: Pick<Step, 'chain' | 'rule'>): string {
  const table = chain.table === 'filter' ? '' : ` (table ${chain.table})`;
  return rule === null ? `the policy of ${chain.name}${table}` : `${chain.name} rule ${rule.index}${table}`;
}

const kindOf: Readonly<Record<Hook, HopKind>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};

/** What the packet met at a hook: none where there is no rule at all; DOCKER-USER apart from the rest. */
export function describeRules(hook: Hook, traversal: Traversal, detail: () => string): (() => Hop)[] {
  const { trail, verdict } = traversal;
  const isStopped = verdict.kind !== 'accept';
  if (trail.every(({ rule }) => rule === null) && !isStopped) return [];
  const ofUser = trail.filter(({ chain }) => chain.name === dockerUser);
  const others = trail.filter(({ chain }) => chain.name !== dockerUser);
  const isUserStop = isStopped && verdict.by?.chain.name === dockerUser;
  const status = verdict.kind === 'unknown' ? 'unknown' : 'stop';
  const hops: (() => Hop)[] = [];
  if (ofUser.length > 0)
    hops.push(() => ({
      kind: 'docker-user',
      name: dockerUser,
      status: isUserStop ? status : 'pass',
      detail: isUserStop ? detail() : `${dockerUser} lets it pass`,
      rules: ofUser.map(describeStep),
      counters: null,
    }));
  if (isUserStop) return hops;
  const isRewritten =
    traversal.trail.some(({ rule }) => rule?.target?.name === 'DNAT' || rule?.target?.name === 'REDIRECT') &&
    !isStopped;
  hops.push(() => ({
    kind: isRewritten ? 'dnat' : kindOf[hook],
    name: hook,
    status: isStopped ? status : 'pass',
    detail: detail(),
    rules: others.map(describeStep),
    counters: null,
  }));
  return hops;
}

function describeStep({ chain, rule, isCertain }: Step): SeenRule {
  return {
    table: chain.table,
    chain: chain.name,
    index: rule?.index ?? null,
    text: rule?.text ?? `-P ${chain.name} ${chain.policy ?? '-'}`,
    packets: rule?.packets ?? chain.packets,
    bytes: rule?.bytes ?? chain.bytes,
    certain: isCertain,
  };
}
