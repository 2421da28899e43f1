// Describes, for a world (world.ts), what the engine reports and what was seen in a namespace. Pure.
import type { Interface } from '../../schemas/ifconfig.ts';
import type { ContainerFacts, NetworkFacts } from '../container/facts.ts';
import { type ContainerLookup, isAlive } from '../container/join-chain.ts';
import { deriveEffectiveMode } from '../container/mode.ts';
import { isEncrypted } from '../network/network-options.ts';
import { helperLimits } from '../observation/helper-output.ts';
import type { NamespaceReading } from '../observation/reading.ts';
import type { SocketTables } from '../observation/socket-tables.ts';
import { contains, parseAddress, parseSubnet } from '../subnet.ts';
import type { InterfacePlace, Known, Listener, NamespacePlace, NetworkPlace, Node } from './world.ts';

/** The host among the nodes of one engine. */
export const hostNodeId = 'host';

/** The host of an engine among the nodes of several. */
export function hostNodeOf(engine: string): string {
  return `${engine}~host`;
}

const options = {
  bridge: 'com.docker.network.bridge.name',
  icc: 'com.docker.network.bridge.enable_icc',
  isDefault: 'com.docker.network.bridge.default_bridge',
} as const;

export function describeNetwork(facts: NetworkFacts): NetworkPlace {
  const isBridge = facts.driver === 'bridge';
  return {
    id: facts.id,
    name: facts.name,
    driver: facts.driver,
    internal: facts.internal,
    ...(facts.driver === 'overlay' && { encrypted: isEncrypted(facts) }),
    ...(isGatewayBridge(facts) && { isGatewayBridge: true }),
    isDefaultBridge: isBridge && facts.options[options.isDefault] === 'true',
    icc: facts.options[options.icc] !== 'false',
    // What the driver calls it where nobody else did.
    bridge: isBridge ? (facts.options[options.bridge] ?? `br-${facts.id.slice(0, 12)}`) : null,
    subnets: facts.subnets.map(({ subnet, gateway }) => ({ subnet, gateway })),
  };
}

export interface Surroundings {
  readonly lookup: ContainerLookup;
  network(id: string): NetworkFacts | undefined;
}

/** @param namespace the one it is in; null where it does not run */
export function describeNode(facts: ContainerFacts, namespace: string | null, surroundings: Surroundings): Node {
  return {
    id: facts.id,
    name: facts.name,
    kind: 'container',
    effective: deriveEffectiveMode(facts, surroundings.lookup),
    state: facts.state,
    namespace,
    names: isAlive(facts) ? listNames(facts, surroundings) : [],
    publications: facts.ports.map((port) => ({ ...port })),
  };
}

/** The engine's resolver knows names on every network but docker0's, and only of containers that have an endpoint of their own. */
function listNames({ name, id, endpoints }: ContainerFacts, { network }: Surroundings): Node['names'] {
  return endpoints.flatMap(({ networkId, aliases, ipv4, ipv6 }) => {
    const facts = network(networkId);
    if (facts === undefined || (ipv4 === '' && ipv6 === '') || describeNetwork(facts).isDefaultBridge) return [];
    return [...new Set([name, ...aliases, id.slice(0, 12)])].map((one) => ({ name: one, networkId }));
  });
}

/** The host has no state and no names, and publishes nothing itself. `engine` names it where there are several. */
export function describeHost(namespace: string | null, engine?: string): Node {
  return {
    id: engine === undefined ? hostNodeId : hostNodeOf(engine),
    name: engine === undefined ? 'the host' : `the host of ${engine}`,
    kind: 'host',
    effective: null,
    state: 'running',
    namespace,
    names: [],
    publications: [],
  };
}

export interface SeenNamespace {
  readonly id: string;
  /** Ids of nodes. */
  readonly members: readonly string[];
  /** The container that brought it into being; null for the host's. */
  readonly owner: ContainerFacts | null;
  /** What was seen there, or why nothing was. */
  readonly seen: Known<NamespaceReading>;
  /** Numbers of its interfaces by their names, as far as they are known. */
  readonly indexes?: ReadonlyMap<string, number> | undefined;
  /** The bridge by which containers on an overlay reach the world; it is in the endpoints of none of them. */
  readonly gatewayBridge?: NetworkFacts | undefined;
}

export function describeNamespace(sight: SeenNamespace): NamespacePlace {
  const { id, members, seen, indexes } = sight;
  const reading = seen.known ? seen.value : undefined;
  const { interfaces = [], routes = [], dns } = reading?.interfaces ?? {};
  return {
    id,
    members,
    interfaces: interfaces.map((one) => ({
      name: one.name,
      ...describeIndex(indexes?.get(one.name)),
      up: one.flags.includes('UP'),
      mtu: one.mtu,
      mac: one.mac,
      addresses: [...one.ipv4, ...one.ipv6].map(({ address, prefix }) => ({ address, prefix })),
      networkId: findNetwork(one, sight),
    })),
    routes,
    listeners: seen.known ? listListeners(seen.value.sockets) : seen,
    resolver: dns === undefined ? null : { nameservers: dns.nameservers },
  };
}

function describeIndex(index: number | undefined): Pick<InterfacePlace, 'index'> {
  return index === undefined ? {} : { index };
}

function findNetwork({ mac, ipv4 }: Interface, { owner, gatewayBridge }: SeenNamespace): InterfacePlace['networkId'] {
  if (mac === null || owner === null) return null;
  const endpoint = owner.endpoints.find((one) => one.mac.toLowerCase() === mac);
  if (endpoint !== undefined) return endpoint.networkId;
  const isOnGatewayBridge = gatewayBridge?.subnets.some(({ subnet: text }) => {
    const subnet = parseSubnet(text)?.subnet;
    const own = ipv4.map(({ address }) => parseAddress(address));
    return subnet !== undefined && own.some((address) => address !== null && contains(subnet, address));
  });
  return isOnGatewayBridge === true ? (gatewayBridge?.id ?? null) : null;
}

/** Docker's name of it. */
const gatewayBridgeName = 'docker_gwbridge';

export function isGatewayBridge({ name, driver }: NetworkFacts): boolean {
  return name === gatewayBridgeName && driver === 'bridge';
}

/** The engine's own, which it puts into the namespaces of its networks: no program of anybody's. */
const nameServer = '127.0.0.11';

const listening = ['tcp', 'tcp6', 'udp', 'udp6'] as const;

function isListening(protocol: string): protocol is Listener['protocol'] {
  return listening.some((one) => one === protocol);
}

/** The kernel lists those who listen before all other TCP sockets, so a table that was cut is whole unless it is cut among them. */
function listListeners(tables: SocketTables | undefined): Known<readonly Listener[]> {
  if (tables === undefined) return { known: false, reason: 'Nobody looked at its sockets' };
  const listeners: Listener[] = [];
  const rows = new Map<string, number>();
  for (const { protocol, state, local, recvQ } of tables.sockets) {
    if (!isListening(protocol)) continue;
    const isTcp = protocol === 'tcp' || protocol === 'tcp6';
    if (isTcp && state !== 'LISTEN') continue;
    rows.set(protocol, (rows.get(protocol) ?? 0) + 1);
    // A UDP socket that is connected hears its peer alone.
    if (state === 'ESTABLISHED' || local.address === nameServer) continue;
    listeners.push({ protocol, address: local.address, port: local.port, waiting: isTcp ? recvQ : null });
  }
  if (tables.truncated && [...rows.values()].some((count) => count >= helperLimits.socketRows))
    return { known: false, reason: 'It has more sockets than one look carries' };
  return { known: true, value: listeners };
}
