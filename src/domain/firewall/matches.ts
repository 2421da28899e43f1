// Does a packet fit a rule? `unknown` where that hangs on something that is not known here: rates, owners, sets, contents, extensions never seen.
import { type Address, bitsOf, contains, parseAddress, parseSubnet } from '../subnet.ts';
import type { Packet, Surroundings } from './packet.ts';
import type { Match, Rule } from './ruleset.ts';

export type Tri = 'yes' | 'no' | 'unknown';

export type Condition = (packet: Packet, surroundings: Surroundings) => Tri;

const conditions = new WeakMap<Rule, Condition>();

/** All conditions of a rule together; read once, asked often. */
export function conditionOf(rule: Rule): Condition {
  const known = conditions.get(rule);
  if (known !== undefined) return known;
  const parts = rule.matches.map((match) => compileMatch(match, rule));
  const condition: Condition = (packet, surroundings) => {
    let result: Tri = 'yes';
    for (const part of parts) {
      const answer = part(packet, surroundings);
      if (answer === 'no') return 'no';
      if (answer === 'unknown') result = 'unknown';
    }
    return result;
  };
  conditions.set(rule, condition);
  return condition;
}

/** One condition of a rule, without its neighbours. */
export function compileMatch(match: Match, rule: Rule): Condition {
  const plain = compilers[match.name]?.(match.values, rule) ?? undecidable;
  return match.negated ? (packet, surroundings) => negate(plain(packet, surroundings)) : plain;
}

function negate(answer: Tri): Tri {
  if (answer === 'unknown') return answer;
  return answer === 'yes' ? 'no' : 'yes';
}

function decide(holds: boolean): Tri {
  return holds ? 'yes' : 'no';
}

const always: Condition = () => 'yes';
const undecidable: Condition = () => 'unknown';

/** Reads the values of a match; undefined where they are not understood. */
type Compiler = (values: readonly string[], rule: Rule) => Condition | undefined;

const compilers: Readonly<Record<string, Compiler>> = {
  source: compileAddress((packet) => packet.source),
  destination: compileAddress((packet) => packet.destination),
  'in-interface': compileInterface((packet) => packet.inInterface),
  'out-interface': compileInterface((packet) => packet.outInterface),
  protocol: compileProtocol,
  // Nothing that opens a connection comes in pieces.
  fragment: () => () => 'no',
  comment: () => always,
  'comment:comment': () => always,
  tcp: () => always,
  udp: () => always,
  sctp: () => always,
  'tcp:dport': compilePorts((packet) => [packet.destinationPort]),
  'tcp:sport': compilePorts((packet) => [packet.sourcePort]),
  'udp:dport': compilePorts((packet) => [packet.destinationPort]),
  'udp:sport': compilePorts((packet) => [packet.sourcePort]),
  'sctp:dport': compilePorts((packet) => [packet.destinationPort]),
  'sctp:sport': compilePorts((packet) => [packet.sourcePort]),
  'multiport:dports': compilePorts((packet) => [packet.destinationPort]),
  'multiport:sports': compilePorts((packet) => [packet.sourcePort]),
  'multiport:ports': compilePorts((packet) => [packet.sourcePort, packet.destinationPort]),
  'tcp:tcp-flags': compileFlags,
  'tcp:syn': () => (packet) => decide(fitsFlags(packet, ['FIN', 'SYN', 'RST', 'ACK'], ['SYN'])),
  'conntrack:ctstate': compileState,
  'state:state': compileState,
  'conntrack:ctorigdst': compileAddress((packet) => packet.connection.original.destination),
  'conntrack:ctorigsrc': compileAddress((packet) => packet.connection.original.source),
  'conntrack:ctorigdstport': compilePorts((packet) => [packet.connection.original.destinationPort]),
  'conntrack:ctorigsrcport': compilePorts((packet) => [packet.connection.original.sourcePort]),
  'conntrack:ctproto': compileProtocol,
  'conntrack:ctdir': compileDirection,
  addrtype: () => always,
  'addrtype:dst-type': compileAddressType((packet) => packet.destination),
  'addrtype:src-type': compileAddressType((packet) => packet.source),
  // They only narrow the two above.
  'addrtype:limit-iface-in': () => always,
  'addrtype:limit-iface-out': () => always,
  'iprange:src-range': compileRange((packet) => packet.source),
  'iprange:dst-range': compileRange((packet) => packet.destination),
  'mark:mark': compileMark((packet) => packet.mark),
  'connmark:mark': compileMark((packet) => packet.connection.mark),
  'physdev:physdev-in': compilePhysical((packet) => packet.physicalIn),
  'physdev:physdev-out': compilePhysical((packet) => packet.physicalOut),
  'physdev:physdev-is-in': () => (packet) => isThere(packet.physicalIn),
  'physdev:physdev-is-out': () => (packet) => isThere(packet.physicalOut),
  'physdev:physdev-is-bridged': () => (packet) => decide(packet.isBridged),
};

type Part<T> = (packet: Packet) => T;

/** `172.17.0.2/32`, an address alone, or with a mask that may have holes: `10.0.0.1/255.0.0.255`. */
function compileAddress(part: Part<Address>): Compiler {
  return ([text = '']) => {
    const [base = '', mask] = text.split('/');
    const alone = parseAddress(base);
    if (alone === null) return undefined;
    if (mask === undefined) return (packet) => decide(isSame(part(packet), alone));
    const subnet = parseSubnet(text)?.subnet;
    if (subnet !== undefined) {
      if (subnet.prefix === bitsOf(subnet.family)) return (packet) => decide(isSame(part(packet), alone));
      return (packet) => decide(contains(subnet, part(packet)));
    }
    const bits = parseAddress(mask);
    if (bits === null) return undefined;
    const wanted = alone.value & bits.value;
    return (packet) => decide(part(packet).family === alone.family && (part(packet).value & bits.value) === wanted);
  };
}

function isSame(one: Address, other: Address): boolean {
  return one.family === other.family && one.value === other.value;
}

/** `docker0`; `br-+` stands for all that begin so. A packet without one has an empty name. */
function compileInterface(part: Part<string | null>): Compiler {
  return ([name = '']) => {
    const fits = interfaceNamed(name);
    return (packet) => decide(fits(part(packet)));
  };
}

function interfaceNamed(pattern: string): (name: string | null) => boolean {
  if (!pattern.endsWith('+')) return (name) => name === pattern;
  const beginning = pattern.slice(0, -1);
  return (name) => (name ?? '').startsWith(beginning);
}

function compilePhysical(part: Part<string | null | undefined>): Compiler {
  return ([name = '']) => {
    const fits = interfaceNamed(name);
    return (packet) => {
      const port = part(packet);
      return port === undefined ? 'unknown' : decide(fits(port));
    };
  };
}

function isThere(port: string | null | undefined): Tri {
  return port === undefined ? 'unknown' : decide(port !== null);
}

/** The program prints the name where it has one. */
const protocolNumbers: Readonly<Record<Packet['protocol'], string>> = {
  icmp: '1',
  tcp: '6',
  udp: '17',
  'ipv6-icmp': '58',
  sctp: '132',
};

function compileProtocol([name = '']: readonly string[]): Condition {
  if (name === 'all' || name === '0') return always;
  const spelling = name === 'icmpv6' ? 'ipv6-icmp' : name;
  return ({ protocol }) => decide(protocol === spelling || protocolNumbers[protocol] === spelling);
}

/** What the kernel chooses for a client: its default for net.ipv4.ip_local_port_range. */
const chosenPorts = { first: 32768, last: 60999 };
/** A rule for a few of them is not about what the kernel chooses: the odds that it is met are small. */
const fewPorts = 0.01 * (chosenPorts.last - chosenPorts.first + 1);

/** `80`, `8000:8010`, and with commas several of them. Of two ports that are looked at, one is enough. */
function compilePorts(part: Part<readonly (number | null)[]>): Compiler {
  return ([text = '']) => {
    const ranges = text.split(',').map(readRange);
    if (ranges.some((range) => range === undefined)) return undefined;
    const wanted = ranges.filter((range) => range !== undefined);
    return (packet) => {
      const answers = part(packet).map((port) => fitsPorts(port, wanted));
      if (answers.includes('yes')) return 'yes';
      return answers.includes('unknown') ? 'unknown' : 'no';
    };
  };
}

interface PortRange {
  readonly first: number;
  readonly last: number;
}

function readRange(text: string): PortRange | undefined {
  const [, first, colon, last] = /^(\d*)(:?)(\d*)$/.exec(text) ?? [];
  if (first === undefined || (first === '' && colon === '')) return undefined;
  const from = first === '' ? 0 : Number(first);
  if (colon === '') return { first: from, last: from };
  return { first: from, last: last === '' || last === undefined ? 65535 : Number(last) };
}

function fitsPorts(port: number | null, ranges: readonly PortRange[]): Tri {
  if (port !== null) return decide(ranges.some(({ first, last }) => first <= port && port <= last));
  const shares = ranges.map(({ first, last }) =>
    Math.max(0, Math.min(last, chosenPorts.last) - Math.max(first, chosenPorts.first) + 1),
  );
  if (shares.includes(chosenPorts.last - chosenPorts.first + 1)) return 'yes';
  return shares.reduce((sum, share) => sum + share, 0) < fewPorts ? 'no' : 'unknown';
}

/** `FIN,SYN,RST,ACK SYN`: of the first ones exactly the second ones are set. */
function compileFlags([mask = '', set = '']: readonly string[]): Condition {
  const all = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];
  const read = (text: string) => {
    if (text === 'ALL') return all;
    return text === 'NONE' ? [] : text.split(',');
  };
  return (packet) => decide(fitsFlags(packet, read(mask), read(set)));
}

function fitsFlags({ tcpFlags }: Packet, mask: readonly string[], set: readonly string[]): boolean {
  return mask.every((flag) => set.includes(flag) === tcpFlags.some((other) => other === flag));
}

function compileState([text = '']: readonly string[]): Condition {
  const wanted = new Set(text.split(','));
  return ({ connection }) =>
    decide(
      wanted.has(connection.state) ||
        (wanted.has('DNAT') && connection.isDestinationTranslated) ||
        (wanted.has('SNAT') && connection.isSourceTranslated),
    );
}

function compileDirection([direction = '']: readonly string[]): Condition {
  return ({ connection }) => decide(connection.isReply === (direction === 'REPLY'));
}

function compileAddressType(part: Part<Address>): Compiler {
  return ([text = ''], rule) => {
    const types = text.split(',');
    const narrowing = rule.matches.find(({ name }) => name.startsWith('addrtype:limit-iface-'))?.name;
    return (packet, surroundings) => {
      const device =
        narrowing === undefined ? null : narrowing.endsWith('in') ? packet.inInterface : packet.outInterface;
      const address = part(packet);
      const type = surroundings.typeOf(address, device);
      return address.family === 'ipv4' ? decide(types.includes(type)) : decideIpv6Type(types, type);
    };
  };
}

/** net/netfilter/xt_addrtype.c: of IPv6, an address of the machine's own is UNICAST too. */
function decideIpv6Type(types: readonly string[], type: string): Tri {
  const isUnicast = type === 'LOCAL' || type === 'UNICAST';
  if (types.includes('MULTICAST') && type !== 'MULTICAST') return 'no';
  if (types.includes('UNICAST') && !isUnicast) return 'no';
  if (types.includes('UNSPEC') && type !== 'UNSPEC') return 'no';
  if (types.includes('LOCAL') && type === 'LOCAL') return 'yes';
  if (types.includes('ANYCAST') || types.includes('UNREACHABLE')) return 'unknown';
  return decide(!types.includes('LOCAL'));
}

/** `10.0.0.1-10.0.0.9` */
function compileRange(part: Part<Address>): Compiler {
  return ([text = '']) => {
    const [from = '', to = from] = text.split('-');
    const first = parseAddress(from);
    const last = parseAddress(to);
    if (first === null || last === null) return undefined;
    return (packet) => {
      const { family, value } = part(packet);
      return decide(family === first.family && first.value <= value && value <= last.value);
    };
  };
}

/** `0x1`, `0x1/0xff` */
function compileMark(part: Part<number | null>): Compiler {
  return ([text = '']) => {
    const [value = Number.NaN, mask = 0xffffffff] = text.split('/').map(Number);
    if (Number.isNaN(value) || Number.isNaN(mask)) return undefined;
    return (packet) => {
      const mark = part(packet);
      return mark === null ? 'unknown' : decide((mark & mask) >>> 0 === value >>> 0);
    };
  };
}
