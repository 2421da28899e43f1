// Which rules may treat one client's address otherwise than another's. Two clients with one profile fare alike with every target but themselves.
import type { Address } from '../subnet.ts';
import { type Condition, compileMatch } from './matches.ts';
import type { Packet, Surroundings } from './packet.ts';
import type { Ruleset } from './ruleset.ts';
import { blank, isForItself } from './traversal-cache.ts';

const ofSource = new Set(['source', 'iprange:src-range', 'addrtype:src-type', 'conntrack:ctorigsrc']);
const ofDestination = new Set(['destination', 'iprange:dst-range', 'addrtype:dst-type']);
/** They tell clients apart by more than their addresses. */
const beyondAddresses = /^physdev:|^mac:/;

/** @returns a function from an address to its profile; null where addresses are not all that tells clients apart */
export function profileAddresses(ruleset: Ruleset, surroundings: Surroundings): ((address: Address) => string) | null {
  const rules = [...ruleset.tables.values()].flatMap((chains) => [...chains.values()].flatMap((chain) => chain.rules));
  const conditions: Condition[] = [];
  for (const rule of rules) {
    if (rule.matches.some(({ name }) => beyondAddresses.test(name))) return null;
    if (isForItself(rule)) continue;
    const compiled = rule.matches.map((match) => ({ match, condition: compileMatch(match, rule) }));
    // What comes back to a client comes to a port that the kernel chose: rules for others are not about it.
    const isForServers = compiled.some(
      ({ match, condition }) => match.name.endsWith(':dport') && condition(blank, surroundings) === 'no',
    );
    for (const { match, condition } of compiled) {
      if (ofSource.has(match.name) || (ofDestination.has(match.name) && !isForServers)) conditions.push(condition);
    }
  }
  return (address) => {
    const ends = { source: address, destination: address };
    const packet: Packet = {
      ...blank,
      ...ends,
      connection: { ...blank.connection, original: { ...blank.connection.original, ...ends } },
    };
    return conditions.map((condition) => condition(packet, surroundings).charAt(0)).join('');
  };
}
