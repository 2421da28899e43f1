// What becomes of one connection: is it carried to its target, does something listen there, and does the answer come back? Pure.

import type { Hop } from '../../schemas/packet-path.ts';
import type { ReachabilityCode, ReachabilityOutcome, SeenAs } from '../../schemas/reachability-codes.ts';
import type { Packet, TcpFlag } from '../firewall/packet.ts';
import { type Address, formatAddress } from '../subnet.ts';
import type { Delivery, Fate, Stop } from './fate.ts';
import { type End, firstPacket } from './first-packet.ts';
import { findSocket, type SocketAnswer } from './sockets.ts';
import { chooseSource, spellEnd, Walk } from './walk.ts';
import type { Listener, PortProxy, World } from './world.ts';
import { mapOf, type Namespace, type WorldMap } from './world-map.ts';

export interface ConnectionAttempt {
  /** Id of a node (a container, or `host`), or an address in the network beyond the host, from which packets come to the host. */
  readonly from: string | { readonly outside: string };
  readonly to: { readonly address: string; readonly port: number; readonly protocol: 'tcp' | 'udp' };
}

/**
 * `reaches` means that a client's connect() succeeds and a program accepts what it sends, so that the connection stays open. A docker-proxy accepts
 * before it has called the container: where that call fails the connection is closed at once (`closed`) or hangs (`silent`), and `outcome` is
 * `fails` with the code `proxy_without_backend`, although connect() succeeded.
 */
export interface Prediction {
  readonly outcome: ReachabilityOutcome;
  readonly code: ReachabilityCode;
  /** Null unless it fails, and where that cannot be told. */
  readonly seenAs: SeenAs;
  readonly carriedBy: 'docker-proxy' | null;
  readonly sentence: string;
  /** What was assumed, and what is worth knowing. */
  readonly notes: readonly string[];
  /** Where it goes, in order; the last one says where it ends. */
  readonly hops: readonly Hop[];
  /** The namespace in which a socket gets it, or would; null where it does not come so far. */
  readonly namespace: string | null;
}

/** The same without words: what a matrix asks thousands of times. */
export interface Finding {
  readonly outcome: ReachabilityOutcome;
  readonly code: ReachabilityCode;
  readonly seenAs: SeenAs;
  readonly carriedBy: 'docker-proxy' | null;
  readonly sentence: () => string;
  readonly notes: readonly string[];
  readonly hops: readonly (() => Hop)[];
  readonly namespace: string | null;
  /** As in {@link Stop}. */
  readonly left?: Stop['left'];
  /** Would a real connection say nothing about it? */
  readonly isMoot?: boolean;
}

export function predictConnection(world: World, attempt: ConnectionAttempt): Prediction {
  return spellOut(findOut(mapOf(world), attempt, true));
}

export function spellOut({ isMoot: _, left: __, ...finding }: Finding): Prediction {
  return { ...finding, sentence: finding.sentence(), hops: finding.hops.map((hop) => hop()) };
}

export function findOut(map: WorldMap, { from, to }: ConnectionAttempt, isRecording: boolean): Finding {
  const address = map.address(to.address);
  if (address === null) throw new RangeError(`${to.address} is no address`);
  const end = { address, port: to.port, protocol: to.protocol };
  if (typeof from !== 'string') {
    const outside = map.address(from.outside);
    if (outside === null) throw new RangeError(`${from.outside} is no address`);
    return connectFromOutside(map, outside, end, isRecording);
  }
  const node = map.nodes.get(from);
  if (node === undefined) throw new RangeError(`no node ${from}`);
  if (node.namespace === null)
    return settle('fails', 'source_not_running', () => `${node.name} does not run (${node.state})`);
  if (node.state === 'paused')
    return settle('fails', 'source_paused', () => `${node.name} is paused: nothing in it connects to anything`);
  const namespace = map.namespaces.get(node.namespace);
  if (namespace === undefined)
    return settle('unknown', 'namespace_not_known', () => `${node.name} could not be looked into`);
  return connect(map, namespace, node.name, end, isRecording);
}

function settle(outcome: ReachabilityOutcome, code: ReachabilityCode, sentence: () => string): Finding {
  return { outcome, code, seenAs: null, carriedBy: null, sentence, notes: [], hops: [], namespace: null };
}

function connect(map: WorldMap, source: Namespace, name: string, end: End, isRecording: boolean): Finding {
  const walk = new Walk(map, { isRecording, outside: null });
  // Without a route there is no source: the walk says so.
  const from = chooseSource(source, end.address) ?? end.address;
  if (isRecording) walk.hops.push(() => describeClient(name, from, end));
  const there = walk.send(source, firstPacket(from, end));
  return conclude(walk, source, there, end, isRecording);
}

export function connectFromOutside(map: WorldMap, outside: Address, end: End, isRecording: boolean): Finding {
  const { host } = map;
  if (host === undefined) return settle('unknown', 'namespace_not_known', () => 'the host could not be looked into');
  const walk = new Walk(map, { isRecording, outside });
  if (isRecording) walk.hops.push(() => describeClient('a client outside', outside, end));
  const there = walk.enter(host, firstPacket(outside, end));
  return conclude(walk, null, there, end, isRecording);
}

function describeClient(name: string, from: Address, { address, port, protocol }: End): Hop {
  const detail = `${name} connects from ${formatAddress(from)} to ${spellEnd(address, port)} (${protocol})`;
  return { kind: 'client', name, status: 'pass', detail, rules: [], counters: null };
}

/** What the target's kernel answers: an acceptance, or a reset. */
function answerTo({ packet }: Delivery): Packet {
  const tcpFlags: TcpFlag[] = packet.protocol === 'tcp' ? ['SYN', 'ACK'] : [];
  return {
    ...packet,
    source: packet.destination,
    sourcePort: packet.destinationPort,
    destination: packet.source,
    destinationPort: packet.sourcePort,
    tcpFlags,
    mark: 0,
    connection: { ...packet.connection, state: 'ESTABLISHED', isReply: true },
  };
}

function conclude(walk: Walk, source: Namespace | null, there: Fate, end: End, isRecording: boolean): Finding {
  const { hops } = walk;
  if (there.kind === 'stop')
    return { ...there, seenAs: adapt(there.seenAs, end), carriedBy: null, notes: [], hops, namespace: null };
  const { namespace: target, packet } = there;
  if (target === null)
    return settle('unknown', 'leaves_the_host', () => `${formatAddress(end.address)} is beyond the host`);
  const port = packet.destinationPort ?? end.port;
  const { home } = target;
  const socket = findSocket(home, target, end.protocol, packet.destination, port);
  if (isRecording) hops.push(() => describeSocket(target, end.protocol, packet.destination, port, socket));
  const back = comeBack(walk, source, target, there, end);
  const base = { carriedBy: null, hops, notes: home.notesOn(target), namespace: target.place.id } as const;
  if (socket.kind === 'nothing' || socket.kind === 'elsewhere') {
    const isHeard = back === null;
    const seenAs = isHeard ? 'refused' : back.outcome === 'fails' ? 'timeout' : null;
    return {
      ...base,
      ...judgeSocket(target, end.protocol, port, packet.destination, socket),
      seenAs: adapt(seenAs, end),
    };
  }
  if (back !== null && (back.outcome === 'fails' || socket.kind === 'listens'))
    return { ...base, ...back, seenAs: back.outcome === 'fails' ? adapt('timeout', end) : null };
  if (socket.kind === 'unknown')
    return {
      ...base,
      outcome: 'unknown',
      code: 'listeners_not_known',
      seenAs: null,
      sentence: () => `the sockets of ${target.name} are not known: ${socket.reason}`,
    };
  const { listener } = socket;
  if (target.isHost) {
    const carried = callBackend(home, target, listener, end, isRecording);
    if (carried !== null)
      return { ...carried, hops: [...hops, ...carried.hops], notes: [...base.notes, ...carried.notes] };
  }
  if (end.protocol === 'tcp' && listener.waiting !== null && listener.waiting > 0)
    return {
      ...base,
      outcome: 'unknown',
      code: 'queue_may_be_full',
      seenAs: null,
      sentence: () =>
        `${listener.waiting} connections wait for the program on ${spellListener(listener)} in ${target.name} to accept them: there may be no room for another`,
    };
  return {
    ...base,
    outcome: 'reaches',
    code: 'reaches',
    seenAs: null,
    sentence: () => `${target.name} listens on ${spellListener(listener)}`,
  };
}

/** A UDP client is told nothing of what is lost. */
function adapt(seenAs: SeenAs, { protocol }: End): SeenAs {
  return protocol === 'udp' && seenAs === 'timeout' ? 'silent' : seenAs;
}

/** Null where the answer comes back to the source. Its hops are summed up in one. */
function comeBack(
  walk: Walk,
  source: Namespace | null,
  target: Namespace,
  there: Delivery,
  { address, port }: End,
): { outcome: 'fails' | 'unknown'; code: ReachabilityCode; sentence: () => string } | null {
  if (there.isLocal && !target.isHost) return null;
  const { length } = walk.hops;
  const fate = walk.send(target, answerTo(there));
  const rules = walk.hops.splice(length);
  const note = (status: Hop['status'], detail: () => string) => {
    if (length > 0)
      walk.hops.push(() => ({
        kind: 'reply',
        name: target.name,
        status,
        detail: detail(),
        rules: rules.flatMap((hop) => hop().rules),
        counters: null,
      }));
  };
  if (fate.kind === 'stop') {
    const isLost = fate.code === 'no_route' || fate.code === 'no_route_on_host';
    const code = fate.outcome === 'unknown' ? fate.code : isLost ? 'no_way_back' : 'reply_dropped';
    const sentence = () => `what ${target.name} answers does not come back: ${fate.sentence()}`;
    note(fate.outcome === 'fails' ? 'stop' : 'unknown', sentence);
    return { outcome: fate.outcome, code, sentence };
  }
  if (fate.namespace !== source) {
    const sentence = () =>
      `what ${target.name} answers goes to ${fate.namespace?.name ?? 'the network beyond the host'}`;
    note('stop', sentence);
    return { outcome: 'fails', code: 'no_way_back', sentence };
  }
  const { packet } = fate;
  if (packet.source.value !== address.value || packet.sourcePort !== port) {
    const sentence = () =>
      `what ${target.name} answers comes from ${spellEnd(packet.source, packet.sourcePort)}, which the source did not ask`;
    note('stop', sentence);
    return { outcome: 'fails', code: 'reply_bypasses_nat', sentence };
  }
  note('pass', () => `what ${target.name} answers comes back`);
  return null;
}

function describeSocket(
  target: Namespace,
  protocol: 'tcp' | 'udp',
  address: Address,
  port: number,
  socket: SocketAnswer,
): Hop {
  const name = `${protocol} ${spellEnd(address, port)}`;
  const base: Omit<Hop, 'status' | 'detail'> = { kind: 'socket', name, rules: [], counters: null };
  if (socket.kind === 'listens')
    return { ...base, status: 'pass', detail: `${target.name} listens on ${spellListener(socket.listener)}` };
  if (socket.kind === 'unknown')
    return { ...base, status: 'unknown', detail: `the sockets of ${target.name} are not known: ${socket.reason}` };
  const { sentence } = judgeSocket(target, protocol, port, address, socket);
  return { ...base, status: 'stop', detail: sentence() };
}

function judgeSocket(
  target: Namespace,
  protocol: 'tcp' | 'udp',
  port: number,
  address: Address,
  socket: Extract<SocketAnswer, { kind: 'nothing' | 'elsewhere' }>,
): { readonly outcome: 'fails'; readonly code: ReachabilityCode; readonly sentence: () => string } {
  if (socket.kind === 'nothing')
    return {
      outcome: 'fails',
      code: 'nothing_listens',
      sentence: () => {
        const otherPorts = socket.otherPorts();
        const others = otherPorts.length > 0 ? ` (it listens on ${otherPorts.slice(0, 8).join(', ')})` : '';
        return `nothing listens on ${protocol} ${port} in ${target.name}${others}`;
      },
    };
  const bound = [...new Set(socket.listeners.map((listener) => listener.address))].join(', ');
  return {
    outcome: 'fails',
    code: socket.isLoopbackOnly ? 'listens_on_loopback_only' : 'listens_on_another_address',
    sentence: () => `${target.name} listens on ${protocol} ${port} at ${bound} only, not at ${formatAddress(address)}`,
  };
}

function spellListener({ address, port, protocol }: Listener): string {
  const spelt = address.includes(':') ? `[${address}]` : address;
  return `${protocol.replace('6', '')} ${spelt}:${port}`;
}

/** Null where the listener is no docker-proxy; else what becomes of its own call to the container. */
function callBackend(
  map: WorldMap,
  host: Namespace,
  listener: Listener,
  { protocol }: End,
  isRecording: boolean,
): Finding | null {
  const proxy = findProxy(map, listener, protocol);
  if (proxy === null) return null;
  if (proxy === 'unknown') {
    const sentence = () => {
      const { proxies } = map.world.host;
      return `the host listens on ${spellListener(listener)}, on behalf of a container, but of which is not known: ${proxies.known ? '' : proxies.reason}`;
    };
    const hop = (): Hop => ({
      kind: 'docker-proxy',
      name: spellListener(listener),
      status: 'unknown',
      detail: sentence(),
      rules: [],
      counters: null,
    });
    return { ...settle('unknown', 'proxies_not_known', sentence), hops: isRecording ? [hop] : [] };
  }
  const address = map.address(proxy.containerIp);
  if (address === null) return null;
  const call = () => connect(map, host, 'docker-proxy', { address, port: proxy.containerPort, protocol }, isRecording);
  const backend = isRecording ? call() : map.backend(proxy, call);
  const named = spellEnd(address, proxy.containerPort);
  const own = (): Hop => ({
    kind: 'docker-proxy',
    name: `${proxy.hostIp}:${proxy.hostPort}`,
    status: 'pass',
    detail: `docker-proxy (pid ${proxy.pid}) accepts it, and calls ${named} itself`,
    rules: [],
    counters: null,
  });
  const hops = isRecording ? [own, ...backend.hops.slice(1)] : [];
  const base = { ...backend, hops, carriedBy: 'docker-proxy' } as const;
  if (backend.outcome === 'reaches')
    return { ...base, sentence: () => `${backend.sentence()}; docker-proxy carries it` };
  if (backend.outcome === 'unknown') return base;
  // A refusal that perhaps does not come back is none that docker-proxy would hear.
  const isQuick = backend.seenAs === 'refused' || backend.seenAs === 'unreachable';
  return {
    ...base,
    code: 'proxy_without_backend',
    seenAs: isQuick && protocol === 'tcp' ? 'closed' : 'silent',
    sentence: () => `docker-proxy accepts it, but cannot pass it on to ${named}: ${backend.sentence()}`,
  };
}

function findProxy(map: WorldMap, { port, address }: Listener, protocol: 'tcp' | 'udp'): PortProxy | 'unknown' | null {
  const isIt = (one: { hostPort: number; hostIp: string; protocol: string }) =>
    one.hostPort === port && one.protocol === protocol && one.hostIp === address;
  const proxies = map.proxies();
  if (proxies !== null) return proxies.find(isIt) ?? null;
  return map.world.nodes.some(({ publications }) => publications.some(isIt)) ? 'unknown' : null;
}
