// The connections that exist now, from the sockets of every namespace that is observed: who has opened them to whom, and through which published port
// they go. One connection is seen from both of its ends, or from one; it is told once. Pure.
import type { Socket } from '../../../../src/client/index.ts';
import type { Box, HostPort } from './model.ts';

/** Where an edge begins or ends. */
export type End =
  | { readonly kind: 'box'; readonly key: string }
  | { readonly kind: 'host'; readonly engine: string }
  | { readonly kind: 'outside'; readonly address: string };

/** Connections of one kind between two ends. */
export interface Edge {
  readonly key: string;
  readonly engine: string;
  /** Who opened them. */
  readonly from: End;
  readonly to: End;
  /** Key of the published port that carries them. */
  readonly through: string | null;
  readonly protocol: 'tcp' | 'udp';
  /** Of who was asked; the container's own where it is published. */
  readonly port: number;
  readonly count: number;
  /** None of them is established yet: somebody waits. */
  readonly isOpening: boolean;
}

/** A namespace with what was seen in it. */
export interface ObservedBox {
  readonly box: Box;
  readonly sockets: readonly Socket[];
}

export interface ObservedHost {
  readonly engine: string;
  /** The host's own addresses, as far as they are known: the bridges'. */
  readonly addresses: readonly string[];
  readonly ports: readonly HostPort[];
  readonly boxes: readonly ObservedBox[];
}

/** One end of a connection as its namespace shows it. */
interface Seen {
  readonly box: string;
  readonly isServer: boolean;
  readonly protocol: 'tcp' | 'udp';
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly isOpening: boolean;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const liveStates: ReadonlySet<string> = new Set(['ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2', 'CLOSE_WAIT']);
const openingStates: ReadonlySet<string> = new Set(['SYN_SENT', 'SYN_RECV']);

/** The edges of one host's map, in a stable order. */
export function findEdges(host: ObservedHost): readonly Edge[] {
  const boxOf = new Map<string, string>();
  for (const { box } of host.boxes)
    for (const { ipv4, ipv6 } of box.networks)
      for (const address of [ipv4, ipv6]) if (address !== null) boxOf.set(address, box.key);
  const seen = host.boxes.flatMap(listSeen);
  return gather(host, explain(host, boxOf, seen));
}

/** Listening ports of a namespace, `tcp 80`, each once, in order. */
export function listListening(sockets: readonly Socket[]): readonly { protocol: 'tcp' | 'udp'; port: number }[] {
  const found = new Map<string, { protocol: 'tcp' | 'udp'; port: number }>();
  for (const { protocol, state, local, remote } of sockets) {
    const family = readFamily(protocol);
    if (family === null || isLoopback(local.address)) continue;
    const isListening = family === 'tcp' ? state === 'LISTEN' : remote.port === 0 && local.port !== 0;
    if (isListening) found.set(`${family} ${local.port}`, { protocol: family, port: local.port });
  }
  return [...found.values()].sort((one, other) => one.port - other.port || one.protocol.localeCompare(other.protocol));
}

function listSeen({ box, sockets }: ObservedBox): readonly Seen[] {
  const isHost = box.members[0]?.effective === 'host';
  const listening = new Set(listListening(sockets).map(({ protocol, port }) => `${protocol} ${port}`));
  return sockets.flatMap((socket) => {
    const protocol = readFamily(socket.protocol);
    const state = socket.state ?? '';
    const isOpening = openingStates.has(state);
    if (protocol === null || !(liveStates.has(state) || isOpening) || socket.remote.port === 0) return [];
    const local = { address: unmap(socket.local.address), port: socket.local.port };
    const remote = { address: unmap(socket.remote.address), port: socket.remote.port };
    if (isLoopback(remote.address) || isLoopback(local.address)) return [];
    const hears = listening.has(`${protocol} ${local.port}`);
    // Whoever has accepted may have stopped to listen (`nc -l`): then the lower port is the one that was asked for.
    const isServer = state === 'SYN_SENT' ? false : hears || state === 'SYN_RECV' || local.port < remote.port;
    const [client, server] = isServer ? [remote, local] : [local, remote];
    return [{ box: isHost ? `${box.engine}~host` : box.key, isServer, protocol, client, server, isOpening }];
  });
}

interface Explained {
  readonly from: End;
  readonly to: End;
  readonly through: string | null;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly isOpening: boolean;
}

function explain(host: ObservedHost, boxOf: ReadonlyMap<string, string>, seen: readonly Seen[]): readonly Explained[] {
  const { engine, ports } = host;
  const hostBox = `${engine}~host`;
  const isOfHost = (address: string) => host.addresses.includes(address);
  const end = (address: string): End => {
    const box = boxOf.get(address);
    if (box !== undefined) return { kind: 'box', key: box };
    return isOfHost(address) ? { kind: 'host', engine } : { kind: 'outside', address };
  };
  const ownEnd = (box: string): End => (box === hostBox ? { kind: 'host', engine } : { kind: 'box', key: box });
  const told: Explained[] = [];

  const servers = seen.filter(({ isServer, box }) => isServer && box !== hostBox);
  // The host comes last: what docker-proxy opens belongs to who has asked it.
  const clients = seen
    .filter(({ isServer }) => !isServer)
    .sort((one, two) => Number(one.box === hostBox) - Number(two.box === hostBox));
  const byClient = new Map(servers.map((one) => [nameEndpoint(one.protocol, one.client), one]));
  const isTold = new Set<Seen>();

  for (const one of clients) {
    const { box, protocol, client, server, isOpening } = one;
    const other = byClient.get(nameEndpoint(protocol, client));
    const isHost = box === hostBox;
    // The host has other connections than those with containers, and they are not the map's business.
    if (isHost && (!boxOf.has(server.address) || (other !== undefined && isTold.has(other)))) continue;
    if (other !== undefined && (sameEndpoint(other.server, server) || hasPort(ports, server, protocol, other.box))) {
      isTold.add(other);
      const port = sameEndpoint(other.server, server) ? undefined : findPort(ports, server, protocol, other.box);
      const from = ownEnd(box);
      // docker-proxy is a program of the host: whom it works for is what the port's own clients say.
      const through = port?.key ?? (isHost ? findPublished(ports, other.box, protocol, other.server) : null);
      told.push({ from, to: ownEnd(other.box), through, protocol, port: other.server.port, isOpening });
      continue;
    }
    const port = isOfHost(server.address) ? findPort(ports, server, protocol) : undefined;
    if (port !== undefined) {
      // By docker-proxy, which opens a connection of its own: the host's side of that one is not another one.
      const proxied = servers.find(
        (two) =>
          !isTold.has(two) &&
          two.box === port.box &&
          two.protocol === protocol &&
          two.server.port === port.containerPort &&
          isOfHost(two.client.address),
      );
      if (proxied !== undefined) isTold.add(proxied);
      const to: End = { kind: 'box', key: port.box };
      told.push({ from: ownEnd(box), to, through: port.key, protocol, port: port.containerPort, isOpening });
      continue;
    }
    told.push({ from: ownEnd(box), to: end(server.address), through: null, protocol, port: server.port, isOpening });
  }
  for (const one of servers) {
    if (isTold.has(one)) continue;
    const { box, protocol, client, server, isOpening } = one;
    const from = end(client.address);
    const through = from.kind === 'box' ? null : findPublished(ports, box, protocol, server);
    told.push({ from, to: { kind: 'box', key: box }, through, protocol, port: server.port, isOpening });
  }
  return told;
}

function gather({ engine }: ObservedHost, explained: readonly Explained[]): readonly Edge[] {
  const edges = new Map<string, Edge>();
  for (const { from, to, through, protocol, port, isOpening } of explained) {
    if (from.kind !== 'outside' && to.kind !== 'outside' && nameEnd(from) === nameEnd(to)) continue;
    const key = [engine, nameEnd(from), through ?? '', nameEnd(to), protocol, port].join(' ');
    const known = edges.get(key);
    edges.set(key, {
      key,
      engine,
      from,
      to,
      through,
      protocol,
      port,
      count: (known?.count ?? 0) + 1,
      isOpening: (known?.isOpening ?? true) && isOpening,
    });
  }
  return [...edges.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** For keys and comparisons. */
export function nameEnd(end: End): string {
  if (end.kind === 'box') return `box ${end.key}`;
  return end.kind === 'host' ? `host ${end.engine}` : `outside ${end.address}`;
}

/** The published port that somebody has asked for at an address of the host. */
function findPort(
  ports: readonly HostPort[],
  { address, port }: Endpoint,
  protocol: string,
  box?: string,
): HostPort | undefined {
  const isIpv6 = address.includes(':');
  return ports.find(
    (one) =>
      (isIpv6 ? one.hostPort6 : one.hostPort) === port &&
      one.protocol === protocol &&
      (box === undefined || one.box === box) &&
      (['0.0.0.0', '::'].includes(one.hostIp) ? isIpv6 || one.hostIp === '0.0.0.0' : one.hostIp === address),
  );
}

function hasPort(ports: readonly HostPort[], server: Endpoint, protocol: string, box: string): boolean {
  return findPort(ports, server, protocol, box) !== undefined;
}

/** The published port that leads to an end of a box. */
function findPublished(ports: readonly HostPort[], box: string, protocol: string, server: Endpoint): string | null {
  const fits = ports.filter((one) => one.box === box && one.protocol === protocol && one.containerPort === server.port);
  // DNAT keeps the family; docker-proxy does not.
  const sameFamily = fits.find(({ hostIp, hostPort6 }) =>
    server.address.includes(':') ? hostPort6 !== null : !hostIp.includes(':'),
  );
  return (sameFamily ?? fits[0])?.key ?? null;
}

function readFamily(protocol: Socket['protocol']): 'tcp' | 'udp' | null {
  if (protocol.startsWith('tcp')) return 'tcp';
  return protocol.startsWith('udp') ? 'udp' : null;
}

/** An IPv4 address as a socket of the IPv6 family has it. */
function unmap(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

function isLoopback(address: string): boolean {
  return unmap(address).startsWith('127.') || address === '::1';
}

function nameEndpoint(protocol: string, { address, port }: Endpoint): string {
  return `${protocol} ${address} ${port}`;
}

function sameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return one.address === other.address && one.port === other.port;
}
