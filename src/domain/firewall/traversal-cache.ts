// Remembers what the rules of a hook do with packets that they cannot tell apart. Addresses and ports that every condition answers alike are one class;
// of a class the rules are walked once. Changes no answer: a test compares both.
import type { Address } from '../subnet.ts';
import { type Condition, compileMatch } from './matches.ts';
import type { Packet, Surroundings } from './packet.ts';
import type { Rule, Ruleset } from './ruleset.ts';
import { readTranslation } from './targets.ts';
import { type Hook, type Traversal, type TraversalOptions, tablesOf, traverse } from './traverse.ts';

export class TraversalCache {
  readonly #ruleset: Ruleset;
  readonly #surroundings: Surroundings;
  readonly #hooks = new Map<Hook, HookCache>();

  constructor(ruleset: Ruleset, surroundings: Surroundings) {
    this.#ruleset = ruleset;
    this.#surroundings = surroundings;
  }

  traverse(hook: Hook, packet: Packet, options: TraversalOptions = {}): Traversal {
    let cache = this.#hooks.get(hook);
    if (cache === undefined) {
      cache = new HookCache(this.#ruleset, hook, this.#surroundings);
      this.#hooks.set(hook, cache);
    }
    return cache.traverse(packet, options);
  }
}

interface Remembered {
  readonly packet: Packet;
  readonly traversal: Traversal;
}

/** Conditions on one part of a packet, by how their names end. */
const sourceNames = new Set(['source', 'iprange:src-range', 'addrtype:src-type']);
const destinationNames = new Set(['destination', 'iprange:dst-range', 'addrtype:dst-type']);
const portNames = /^(tcp|udp|sctp|multiport):(s|d)?ports?$/;
/** They ask about more than the classes tell: no packet is then like another. */
const uncached = /^conntrack:ctorig|^addrtype:limit-iface|^physdev:|^tcp:tcp-flags|^tcp:syn/;

class HookCache {
  readonly #ruleset: Ruleset;
  readonly #hook: Hook;
  readonly #surroundings: Surroundings;
  readonly #isUsable: boolean;
  readonly #sources: Classes<Address>;
  readonly #destinations: Classes<Address>;
  readonly #ports: Classes<number>;
  readonly #interfaces = new Classes<string | null>((name) => name ?? '');
  readonly #others = new Map<number, Map<number, Remembered>>();

  constructor(ruleset: Ruleset, hook: Hook, surroundings: Surroundings) {
    this.#ruleset = ruleset;
    this.#hook = hook;
    this.#surroundings = surroundings;
    const rules = reachableRules(ruleset, hook);
    // Of what goes from one address to another, rules for what goes from one to itself match nothing.
    const matches = rules
      .filter((rule) => !isForItself(rule))
      .flatMap((rule) => rule.matches.map((match) => ({ match, rule })));
    this.#isUsable = !matches.some(({ match }) => uncached.test(match.name));
    const conditionsOf = (fits: (name: string) => boolean) => {
      const distinct = new Map<string, Condition>();
      for (const { match, rule } of matches) {
        if (!fits(match.name)) continue;
        const key = `${match.name} ${match.values.join(' ')}`;
        if (!distinct.has(key)) distinct.set(key, compileMatch({ ...match, negated: false }, rule));
      }
      return [...distinct.values()];
    };
    const targets = rules.flatMap(readTargets);
    const addresses = (side: 'source' | 'destination', fits: (name: string) => boolean) => {
      const conditions = conditionsOf(fits);
      const named = new Set(targets.map(({ address }) => spell(address)));
      return new Classes<Address>(({ family, value }) => {
        const address = { family, value };
        const packet = { ...blank, [side]: address };
        const isOwn = surroundings.typeOf(address, null) === 'LOCAL';
        // What a rule may rewrite it to, or what is the machine's own, is told from all others.
        const self = isOwn || named.has(spell(address)) ? spell(address) : family;
        return `${self} ${conditions.map((condition) => condition(packet, surroundings).charAt(0)).join('')}`;
      });
    };
    this.#sources = addresses('source', (name) => sourceNames.has(name));
    this.#destinations = addresses('destination', (name) => destinationNames.has(name));
    const onPorts = conditionsOf((name) => portNames.test(name));
    const namedPorts = new Set(targets.map(({ port }) => port));
    this.#ports = new Classes<number>((port) => {
      const packet = { ...blank, sourcePort: port, destinationPort: port };
      const self = namedPorts.has(port) ? `${port} ` : '';
      return self + onPorts.map((condition) => condition(packet, surroundings).charAt(0)).join('');
    });
  }

  traverse(packet: Packet, options: TraversalOptions): Traversal {
    const source = this.#sources.of(packet.source, spell(packet.source));
    const destination = this.#destinations.of(packet.destination, spell(packet.destination));
    const from = packet.sourcePort === null ? 0 : this.#ports.of(packet.sourcePort, packet.sourcePort);
    const to = packet.destinationPort === null ? 0 : this.#ports.of(packet.destinationPort, packet.destinationPort);
    const isToItself = packet.source.value === packet.destination.value;
    const isMarked = packet.mark !== 0 || packet.connection.mark !== 0;
    if (
      !this.#isUsable ||
      isMarked ||
      isToItself ||
      options.translate !== undefined ||
      Math.max(source, destination, from, to) >= limit
    )
      return traverse(this.#ruleset, this.#hook, packet, this.#surroundings, options);
    const other = this.#kindOf(packet);
    let remembered = this.#others.get(other);
    if (remembered === undefined) {
      remembered = new Map();
      this.#others.set(other, remembered);
    }
    const key = ((source * limit + destination) * limit + from) * limit + to;
    const known = remembered.get(key);
    if (known !== undefined) return reapply(known, packet);
    const traversal = traverse(this.#ruleset, this.#hook, packet, this.#surroundings, options);
    remembered.set(key, { packet, traversal });
    return traversal;
  }

  /** All else that a condition may ask, in one number. */
  #kindOf({ inInterface, outInterface, protocol, tcpFlags, isBridged, connection }: Packet): number {
    const { state, isReply, isDestinationTranslated, isSourceTranslated } = connection;
    const flags = [isBridged, isReply, isDestinationTranslated, isSourceTranslated, tcpFlags.length > 1];
    const bits = flags.reduce((sum, flag) => sum * 2 + Number(flag), 0);
    const kinds = (protocolOrder.indexOf(protocol) * states.length + states.indexOf(state)) * 32 + bits;
    const incoming = this.#interfaces.of(inInterface, inInterface ?? '');
    const outgoing = this.#interfaces.of(outInterface, outInterface ?? '');
    return (incoming * limit + outgoing) * 4096 + kinds;
  }
}

const protocolOrder: readonly Packet['protocol'][] = ['tcp', 'udp', 'sctp', 'icmp', 'ipv6-icmp'];
const states: readonly Packet['connection']['state'][] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

/** Four classes in one number that a double holds. */
const limit = 8192;

/** Numbers what one cannot tell apart, from 1. */
class Classes<T> {
  readonly #signatureOf: (value: T) => string;
  readonly #bySignature = new Map<string, number>();
  readonly #known = new Map<number | string, number>();

  constructor(signatureOf: (value: T) => string) {
    this.#signatureOf = signatureOf;
  }

  of(value: T, key: number | string): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const signature = this.#signatureOf(value);
    const number = this.#bySignature.get(signature) ?? this.#bySignature.size + 1;
    this.#bySignature.set(signature, number);
    this.#known.set(key, number);
    return number;
  }
}

/** The same outcome for another packet of the same class: what the rules rewrote is rewritten, the rest is its own. */
function reapply({ packet: old, traversal }: Remembered, packet: Packet): Traversal {
  const { packet: left } = traversal;
  if (left === old) return { ...traversal, packet };
  return {
    ...traversal,
    packet: {
      ...packet,
      source: left.source === old.source ? packet.source : left.source,
      sourcePort: left.sourcePort === old.sourcePort ? packet.sourcePort : left.sourcePort,
      destination: left.destination === old.destination ? packet.destination : left.destination,
      destinationPort: left.destinationPort === old.destinationPort ? packet.destinationPort : left.destinationPort,
      mark: left.mark,
      connection: { ...left.connection, original: packet.connection.original },
    },
  };
}

function reachableRules(ruleset: Ruleset, hook: Hook): Rule[] {
  return tablesOf[hook].flatMap((name) => {
    const table = ruleset.tables.get(name);
    const seen = new Set<string>();
    const queue: string[] = [hook];
    for (let chain = queue.pop(); chain !== undefined; chain = queue.pop()) {
      if (seen.has(chain)) continue;
      seen.add(chain);
      for (const { target } of table?.get(chain)?.rules ?? [])
        if (target !== null && table?.has(target.name)) queue.push(target.name);
    }
    return [...seen].flatMap((chain) => table?.get(chain)?.rules ?? []);
  });
}

/** As Docker writes for a container that calls its own published port: `-s 172.17.0.2/32 -d 172.17.0.2/32`. */
export function isForItself({ matches }: Rule): boolean {
  const only = (wanted: string) => {
    const match = matches.find(({ name }) => name === wanted);
    return match?.negated === false && /\/(32|128)$/.test(match.values[0] ?? '') ? match.values[0] : undefined;
  };
  const source = only('source');
  return source !== undefined && source === only('destination');
}

/** To what a rule may rewrite a packet; what MASQUERADE and REDIRECT take are the machine's own addresses. */
function readTargets({ target }: Rule) {
  const { options } = target ?? { options: {} as Record<string, string> };
  const texts = [options['to-destination'], options['to-source']].flatMap((text) => text ?? []);
  const ports = /^\d+$/.test(options['to-ports'] ?? '')
    ? [{ address: nowhere, port: Number(options['to-ports']) }]
    : [];
  return [...ports, ...texts.flatMap((text) => readTranslation(text, nowhere) ?? [])];
}

const nowhere: Address = { family: 'ipv4', value: 0n };

function spell({ family, value }: Address): number | string {
  return family === 'ipv4' ? Number(value) : value.toString(36);
}

/** Only the part that is looked at matters. */
export const blank: Packet = {
  protocol: 'tcp',
  source: nowhere,
  sourcePort: null,
  destination: nowhere,
  destinationPort: null,
  inInterface: null,
  outInterface: null,
  physicalIn: null,
  physicalOut: null,
  isBridged: false,
  tcpFlags: [],
  mark: 0,
  connection: {
    state: 'NEW',
    isReply: false,
    original: { source: nowhere, sourcePort: null, destination: nowhere, destinationPort: null },
    isDestinationTranslated: false,
    isSourceTranslated: false,
    mark: 0,
  },
};
