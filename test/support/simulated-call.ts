// What the rules of the lab's router (router-lab.ts) do with each packet of one connection, by `traverse`: how the connection ends, and which rules are met.
// It has the few things around the rules (addresses, routes, the lab's listeners) in itself, so that a test of it is one of the rules alone.
import type { Packet, Surroundings, TcpFlag } from '../../src/domain/firewall/packet.ts';
import type { Ruleset } from '../../src/domain/firewall/ruleset.ts';
import { type Hook, type TraversalOptions, traverse } from '../../src/domain/firewall/traverse.ts';
import { type Address, formatAddress, parseAddress } from '../../src/domain/subnet.ts';
import { type Call, type Family, farDevice, nearDevice, openPorts, places } from './router-lab.ts';

export interface SimulatedCall {
  /** `unknown` where a rule cannot be decided. */
  readonly outcome: 'open' | 'refused' | 'unreachable' | 'timeout' | 'unknown';
  /** Of rules (`TABLE CHAIN INDEX`) those that are met for certain, and those that may be. */
  readonly met: ReadonlySet<string>;
  readonly maybe: ReadonlySet<string>;
  /** What else happens is not followed. */
  readonly isOpenEnded: boolean;
  /** Of rules of the nat table, how many of its connections meet them. */
  readonly connections: ReadonlyMap<string, number>;
}

interface End {
  readonly address: Address;
  readonly port: number | null;
}

type Passed =
  | { readonly packet: Packet }
  | { readonly stop: 'drop' | 'unknown' }
  | { readonly stop: 'reject'; readonly kind: string };

type Arrival =
  | { readonly at: 'client' | 'router' | 'server'; readonly packet: Packet }
  | Exclude<Passed, { packet: Packet }>;

export function simulateCall(family: Family, ruleset: Ruleset, call: Call): SimulatedCall {
  return new Simulation(family, ruleset).run(call);
}

function read(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`${text} is no address`);
  return address;
}

function isSame(one: Address, other: Address): boolean {
  return one.value === other.value;
}

class Simulation {
  readonly #family: Family;
  readonly #ruleset: Ruleset;
  readonly #surroundings: Surroundings;
  readonly #met = new Set<string>();
  readonly #maybe = new Set<string>();
  readonly #connections = new Map<string, number>();
  readonly #loopback: Address;
  #isOpenEnded = false;
  #connmark: number | null = 0;
  #destination: { from: End; to: End } | null = null;
  #source: { from: End; to: End } | null = null;

  constructor(family: Family, ruleset: Ruleset) {
    this.#family = family;
    this.#ruleset = ruleset;
    const { near, far } = places[family];
    this.#loopback = read(family === 'ipv4' ? '127.0.0.1' : '::1');
    const device: Readonly<Record<string, string>> = { [near]: nearDevice, [far]: farDevice };
    this.#surroundings = {
      typeOf: (address, limit) => {
        const owner = isSame(address, this.#loopback) ? 'lo' : device[formatAddress(address)];
        return owner !== undefined && (limit === null || limit === owner) ? 'LOCAL' : 'UNICAST';
      },
      primaryAddressOf: (name) => (name === nearDevice ? read(near) : name === farDevice ? read(far) : null),
    };
  }

  run({ from, address, port }: Call): SimulatedCall {
    const destination = read(address);
    const source = from === 'client' ? read(places[this.#family].client) : this.#sourceOf(destination);
    const original = { source, sourcePort: null, destination, destinationPort: port };
    const syn: Packet = {
      protocol: 'tcp',
      ...original,
      inInterface: null,
      outInterface: null,
      isBridged: false,
      physicalIn: null,
      physicalOut: null,
      tcpFlags: ['SYN'],
      mark: 0,
      connection: {
        state: 'NEW',
        isReply: false,
        original,
        isDestinationTranslated: false,
        isSourceTranslated: false,
        mark: 0,
      },
    };
    const outcome = this.#connect(from, syn);
    return {
      outcome,
      met: this.#met,
      maybe: this.#maybe,
      isOpenEnded: this.#isOpenEnded || outcome === 'unknown',
      connections: this.#connections,
    };
  }

  #connect(from: Call['from'], syn: Packet): SimulatedCall['outcome'] {
    const there = from === 'client' ? this.#comeIn(nearDevice, syn) : this.#sendOut(syn);
    if ('stop' in there) return this.#fail(from, syn, there);
    const { at, packet } = there;
    // What leaves with a loopback address is dropped by whoever gets it, and its answer by the router.
    if (at !== 'router' && isSame(syn.source, this.#loopback)) {
      this.#isOpenEnded = true;
      return 'timeout';
    }
    const isOpen = at !== 'client' && openPorts[at].some((port) => port === packet.destinationPort);
    const connection = { ...packet.connection, state: 'ESTABLISHED' as const };
    const answer = (tcpFlags: TcpFlag[]): Packet => ({
      ...syn,
      source: packet.destination,
      sourcePort: packet.destinationPort,
      destination: packet.source,
      destinationPort: packet.sourcePort,
      tcpFlags,
      connection: { ...connection, isReply: true },
    });
    const back = this.#answer(at, answer(isOpen ? ['SYN', 'ACK'] : ['RST', 'ACK']));
    if ('stop' in back) return back.stop === 'unknown' ? 'unknown' : this.#loseAnswer(back);
    if (!isOpen) return 'refused';
    for (const tcpFlags of [['ACK'], ['RST', 'ACK']] as const) {
      const next: Packet = { ...syn, tcpFlags, connection: { ...connection, isReply: false } };
      const arrived = from === 'client' ? this.#comeIn(nearDevice, next) : this.#sendOut(next);
      // A refusal of what follows may still be in time to spoil the connection, or not.
      if ('stop' in arrived && arrived.stop !== 'drop') return 'unknown';
      if ('stop' in arrived) break;
    }
    return 'open';
  }

  #loseAnswer(back: Exclude<Passed, { packet: Packet }>): 'timeout' {
    if (back.stop === 'reject') this.#isOpenEnded = true;
    return 'timeout';
  }

  /** The router's refusal has to pass its own rules on its way to the client. */
  #fail(from: Call['from'], syn: Packet, fate: Exclude<Passed, { packet: Packet }>): SimulatedCall['outcome'] {
    if (fate.stop !== 'reject') return fate.stop === 'unknown' ? 'unknown' : 'timeout';
    // Its way from the router to itself, and what the nat table is asked for it, are not followed.
    this.#isOpenEnded = true;
    if (from === 'router') return 'unknown';
    const { kind } = fate;
    const isReset = kind === 'tcp-reset';
    const refused = this.#destination?.to.address ?? syn.destination;
    const isLocal = this.#surroundings.typeOf(refused, null) === 'LOCAL';
    const source = isReset || isLocal ? refused : read(places[this.#family].near);
    const refusal: Packet = {
      ...syn,
      protocol: isReset ? 'tcp' : this.#family === 'ipv4' ? 'icmp' : 'ipv6-icmp',
      source,
      sourcePort: isReset ? (this.#destination?.to.port ?? syn.destinationPort) : null,
      destination: syn.source,
      destinationPort: null,
      tcpFlags: isReset ? ['RST', 'ACK'] : [],
      connection: {
        ...syn.connection,
        state: 'RELATED',
        isReply: true,
        isDestinationTranslated: this.#destination !== null,
        mark: this.#connmark,
      },
    };
    const out = this.#pass('OUTPUT', { ...refusal, outInterface: nearDevice }, { translate: (packet) => packet });
    if ('stop' in out) return out.stop === 'unknown' ? 'unknown' : 'timeout';
    const after = this.#pass('POSTROUTING', out.packet, { translate: (packet) => packet });
    if ('stop' in after) return after.stop === 'unknown' ? 'unknown' : 'timeout';
    return isReset || kind.includes('port-unreachable') ? 'refused' : 'unreachable';
  }

  #comeIn(device: string, packet: Packet): Arrival {
    const before = this.#pass('PREROUTING', { ...packet, inInterface: device, outInterface: null });
    if ('stop' in before) return before;
    return this.#route(before.packet);
  }

  #route(packet: Packet): Arrival {
    if (this.#surroundings.typeOf(packet.destination, null) === 'LOCAL') {
      const taken = this.#pass('INPUT', packet);
      return 'stop' in taken ? taken : { at: 'router', packet: taken.packet };
    }
    const device = this.#deviceFor(packet.destination);
    const through = this.#pass('FORWARD', { ...packet, outInterface: device });
    return 'stop' in through ? through : this.#leave(device, through.packet);
  }

  #leave(device: string, packet: Packet): Arrival {
    const after = this.#pass('POSTROUTING', { ...packet, outInterface: device });
    return 'stop' in after ? after : { at: device === nearDevice ? 'client' : 'server', packet: after.packet };
  }

  #sendOut(packet: Packet): Arrival {
    const first = this.#deviceFor(packet.destination);
    const out = this.#pass('OUTPUT', { ...packet, inInterface: null, outInterface: first });
    if ('stop' in out) return out;
    const device = this.#deviceFor(out.packet.destination);
    if (device !== 'lo') return this.#leave(device, out.packet);
    const after = this.#pass('POSTROUTING', { ...out.packet, outInterface: 'lo' });
    if ('stop' in after) return after;
    const asItIs = { translate: (one: Packet) => one };
    const before = this.#pass('PREROUTING', { ...after.packet, inInterface: 'lo', outInterface: null }, asItIs);
    if ('stop' in before) return before;
    const taken = this.#pass('INPUT', before.packet, asItIs);
    return 'stop' in taken ? taken : { at: 'router', packet: taken.packet };
  }

  #answer(at: 'client' | 'router' | 'server', packet: Packet): Arrival {
    if (at === 'router') return this.#sendOut(packet);
    return this.#comeIn(at === 'server' ? farDevice : nearDevice, packet);
  }

  #deviceFor(address: Address): string {
    if (this.#surroundings.typeOf(address, null) === 'LOCAL') return 'lo';
    return isSame(address, read(places[this.#family].client)) ? nearDevice : farDevice;
  }

  #sourceOf(destination: Address): Address {
    const { near, far } = places[this.#family];
    if (this.#deviceFor(destination) === 'lo') return destination;
    return read(this.#deviceFor(destination) === nearDevice ? near : far);
  }

  #pass(hook: Hook, packet: Packet, options?: TraversalOptions): Passed {
    const marked = { ...packet, connection: { ...packet.connection, mark: this.#connmark } };
    const isSettled = marked.connection.state === 'ESTABLISHED';
    const traversal = traverse(
      this.#ruleset,
      hook,
      marked,
      this.#surroundings,
      options ?? (isSettled ? { translate: (one) => this.#translate(hook, one) } : {}),
    );
    for (const { rule, isCertain } of traversal.trail) {
      if (rule === null) continue;
      const key = `${rule.table} ${rule.chain} ${rule.index}`;
      (isCertain ? this.#met : this.#maybe).add(key);
      if (rule.table === 'nat') this.#connections.set(key, (this.#connections.get(key) ?? 0) + 1);
    }
    const { verdict } = traversal;
    if (verdict.kind === 'reject') return { stop: 'reject', kind: verdict.with };
    if (verdict.kind !== 'accept') return { stop: verdict.kind };
    if (!isSettled) this.#remember(marked, traversal.packet);
    this.#connmark = traversal.packet.connection.mark;
    return { packet: traversal.packet };
  }

  #remember(before: Packet, after: Packet): void {
    if (before.connection.state !== 'NEW') return;
    const end = (address: Address, port: number | null) => ({ address, port });
    if (!isSame(before.destination, after.destination) || before.destinationPort !== after.destinationPort)
      this.#destination = {
        from: end(before.destination, before.destinationPort),
        to: end(after.destination, after.destinationPort),
      };
    if (!isSame(before.source, after.source))
      this.#source = { from: end(before.source, before.sourcePort), to: end(after.source, after.sourcePort) };
  }

  /** net/netfilter/nf_nat_core.c, nf_nat_packet: the destination before routing, the source after it, and of answers the other way round. */
  #translate(hook: Hook, packet: Packet): Packet {
    const isBefore = hook === 'PREROUTING' || hook === 'OUTPUT';
    const { isReply } = packet.connection;
    if (isBefore) {
      const end = isReply ? this.#source?.from : this.#destination?.to;
      return end === undefined ? packet : { ...packet, destination: end.address, destinationPort: end.port };
    }
    const end = isReply ? this.#destination?.from : this.#source?.to;
    return end === undefined ? packet : { ...packet, source: end.address, sourcePort: end.port };
  }
}
