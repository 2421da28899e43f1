// Every ordered pair of nodes, and each address and port at which one could try to reach the other. Built for speed: a namespace is asked once for each
// end, whoever is in it.
import type { AddressKind, ReachabilityEntry, ReachabilityPair } from '../../schemas/reachability.ts';
import type { ReachabilityCode } from '../../schemas/reachability-codes.ts';
import { type Address, formatAddress } from '../subnet.ts';
import { findOutBeyond } from './beyond.ts';
import { type Finding, findOut } from './connection.ts';
import { resolveNames } from './names.ts';
import type { Listener, Node, World } from './world.ts';
import { findRoute, isLinkLocal, isLoopback, mapsOf, type Namespace, sourceFor, type WorldMap } from './world-map.ts';

export interface MatrixOptions {
  /** Only pairs of these nodes; all where it is not given. */
  readonly nodes?: ReadonlySet<string>;
  /** A client beyond the host; the host's default gateway where it is not given, which stands for any. */
  readonly outside?: string;
}

export interface Matrix {
  readonly entries: readonly ReachabilityEntry[];
  readonly pairs: readonly ReachabilityPair[];
}

/** The name of the network beyond the host in `from`. */
export const outsideName = 'outside';

/** @param worlds of all engines that are looked at; every node is asked about every other, on whichever engine */
export function predictMatrix(worlds: readonly World[], options: MatrixOptions = {}): Matrix {
  const survey = new Survey(mapsOf(worlds), options.outside ?? null);
  const nodes = worlds.flatMap((world) => world.nodes).filter(({ id }) => options.nodes?.has(id) ?? true);
  const entries: ReachabilityEntry[] = [];
  const pairs: ReachabilityPair[] = [];
  for (const from of nodes)
    for (const to of nodes) {
      if (from.id === to.id) continue;
      const found = survey.predict(from, to);
      entries.push(...found);
      pairs.push(survey.sumUp(from, to, found));
    }
  for (const to of nodes) entries.push(...survey.predictFromOutside(to));
  return { entries, pairs };
}

const namesSource: ReadonlySet<ReachabilityCode> = new Set(['no_route', 'source_paused', 'interface_not_known']);

/** Where a source could try. */
interface Door {
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly at: AddressKind;
  /** `tcp/172.17.0.2:80` */
  readonly spelt: string;
}

/** What is asked of an engine again and again. */
interface Site {
  readonly map: WorldMap;
  /** The client beyond its host. */
  readonly outside: string | null;
  /** Addresses by which the world knows the host: those of its default routes. */
  readonly hostAddresses: readonly Address[];
  /** Those at which other engines look for it: of a swarm, the one that its nodes speak to first. */
  readonly outerAddresses: readonly Address[];
}

class Survey {
  readonly #sites: ReadonlyMap<string, Site>;
  /** By source namespace or its profile, then by door as it is spelt. */
  readonly #found = new Map<string, Map<string, Finding>>();
  /** By the target's node or namespace, then by who asks. */
  readonly #doors = new Map<object, Map<string, readonly Door[]>>();

  constructor(maps: readonly WorldMap[], outside: string | null) {
    this.#sites = new Map(
      maps.flatMap((map) => {
        const site = describeSite(map, outside);
        return map.world.nodes.map(({ id }) => [id, site] as const);
      }),
    );
  }

  predict(from: Node, to: Node): ReachabilityEntry[] {
    if (from.namespace === null || to.namespace === null) return [];
    const doors = this.#doorsOf(from, to);
    if (doors.length === 0) return [];
    const found = this.#foundFrom(from, to);
    return doors.map((door) => toEntry(from.id, to.id, door, this.#ask(from, to, door, found)));
  }

  predictFromOutside(to: Node): ReachabilityEntry[] {
    const { map, outside, hostAddresses } = this.#siteOf(to);
    const target = this.#namespaceOf(to);
    if (outside === null || target === undefined) return [];
    const doors = [
      ...this.#published(to, hostAddresses, false),
      ...(target.isHost ? this.#ownDoors(target, hostAddresses) : []),
    ];
    return doors.map((door) => {
      const finding = findOut(map, { from: { outside }, to: door }, false);
      return toEntry(outsideName, to.id, door, finding);
    });
  }

  #siteOf({ id }: Node): Site {
    const site = this.#sites.get(id);
    if (site === undefined) throw new RangeError(`no node ${id}`);
    return site;
  }

  sumUp(from: Node, to: Node, entries: readonly ReachabilityEntry[]): ReachabilityPair {
    const outcomes = new Set(entries.map(({ outcome }) => outcome));
    const { names, reason } = resolveNames(this.#siteOf(from).map, from, this.#siteOf(to).map, to);
    const target = this.#namespaceOf(to);
    const isUnseen = from.namespace !== null && to.namespace !== null && target === undefined;
    const isBlind = isUnseen || target?.place.listeners.known === false;
    const rest = outcomes.has('unknown') || isBlind ? 'unknown' : outcomes.has('fails') ? 'fails' : null;
    return {
      from: from.id,
      to: to.id,
      outcome: outcomes.has('reaches') ? 'reaches' : rest,
      reachable: entries.filter(({ outcome }) => outcome === 'reaches').map(spellDoor),
      names: [...names],
      namesReason: reason,
    };
  }

  #namespaceOf(node: Node): Namespace | undefined {
    return node.namespace === null ? undefined : this.#siteOf(node).map.namespaces.get(node.namespace);
  }

  /** What was found for the source, and for whoever fares like it. */
  #foundFrom(from: Node, to: Node): Map<string, Finding> {
    const source = this.#namespaceOf(from);
    const isToItself = from.namespace === to.namespace;
    const { map } = this.#siteOf(from);
    const profile = source === undefined || isToItself ? null : map.profileOf(source);
    // A paused node fails by itself, its namespace may have others in it. Who is meant matters where the same address is one on two engines.
    const who = `${map.world.engine} ${profile ?? from.namespace}${from.state === 'paused' ? ' paused' : ''}`;
    const key = map === this.#siteOf(to).map ? who : `${who} to ${to.namespace}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = new Map();
      this.#found.set(key, found);
    }
    return found;
  }

  #ask(from: Node, to: Node, door: Door, found: Map<string, Finding>): Finding {
    const known = found.get(door.spelt);
    // These name the source in their sentence.
    if (known !== undefined && !namesSource.has(known.code)) return known;
    const { map } = this.#siteOf(from);
    const other = this.#siteOf(to).map;
    const finding =
      map === other
        ? findOut(map, { from: from.id, to: door }, false)
        : findOutBeyond(map, other, { from: from.id, to: door, namespace: to.namespace ?? '' }, false);
    found.set(door.spelt, finding);
    return finding;
  }

  #doorsOf(from: Node, to: Node): readonly Door[] {
    const source = this.#namespaceOf(from);
    const target = this.#namespaceOf(to);
    if (target === undefined) return [];
    const { map, hostAddresses, outerAddresses } = this.#siteOf(to);
    const isSame = source === target;
    const isBeyond = this.#siteOf(from).map !== map;
    const isFromHost = !isBeyond && (source?.isHost ?? false);
    const published = this.#remembered(to, isBeyond ? 'beyond' : isFromHost ? 'host' : 'here', () =>
      this.#published(to, isBeyond ? outerAddresses : hostAddresses, isFromHost),
    );
    const own = this.#remembered(target, target.isHost ? `${isBeyond} ${source?.place.id}` : 'all', () =>
      this.#ownDoors(target, this.#addressesOf(target, source, this.#siteOf(to), isBeyond)),
    );
    const loopback = isSame ? this.#remembered(target, 'itself', () => this.#loopbackDoors(target)) : [];
    return [...loopback, ...own, ...published];
  }

  #addressesOf(target: Namespace, source: Namespace | undefined, site: Site, isBeyond: boolean): readonly Address[] {
    if (!target.isHost) return ownAddresses(target);
    return isBeyond ? site.outerAddresses : this.#hostAddressesFrom(source, site);
  }

  #remembered(target: Node | Namespace, asker: string, make: () => readonly Door[]): readonly Door[] {
    let byAsker = this.#doors.get(target);
    if (byAsker === undefined) {
      byAsker = new Map();
      this.#doors.set(target, byAsker);
    }
    const known = byAsker.get(asker);
    if (known !== undefined) return known;
    const doors = make();
    byAsker.set(asker, doors);
    return doors;
  }

  /** Of the host a container tries the gateways of its own networks, and the address that the world knows. */
  #hostAddressesFrom(source: Namespace | undefined, { map, hostAddresses }: Site): readonly Address[] {
    if (source === undefined || source.isHost) return hostAddresses;
    const gateways = source.interfaces.flatMap(({ network }) => {
      const bridge = map.hostInterface(network?.bridge ?? null);
      return bridge?.addresses.map(({ address }) => address).filter((address) => !isLinkLocal(address)) ?? [];
    });
    return [...gateways, ...hostAddresses];
  }

  #ownDoors(target: Namespace, addresses: readonly Address[]): Door[] {
    const doors = this.#listeners(target).flatMap((listener) =>
      addresses
        .filter((address) => isWorthTrying(target.home, listener, address))
        .map((address) => toDoor(listener, formatAddress(address), target.isHost ? 'host' : 'own')),
    );
    return distinct(doors);
  }

  #loopbackDoors(target: Namespace): Door[] {
    const doors = this.#listeners(target).flatMap((listener) => {
      const bound = target.home.address(listener.address);
      if (bound === null) return [];
      if (isLoopback(bound)) return [toDoor(listener, formatAddress(bound), 'loopback')];
      return bound.value === 0n ? [toDoor(listener, '127.0.0.1', 'loopback')] : [];
    });
    return distinct(doors);
  }

  /** Of the host without those of docker-proxy, which are listed as what they publish. */
  #listeners({ home, place, isHost }: Namespace): readonly Listener[] {
    if (!place.listeners.known) return [];
    const proxies = isHost ? (home.proxies() ?? []) : [];
    return place.listeners.value.filter(
      ({ port, address, protocol }) =>
        !proxies.some(
          (proxy) =>
            proxy.hostPort === port && proxy.hostIp === address && protocol.replace('6', '') === proxy.protocol,
        ),
    );
  }

  #published(to: Node, hostAddresses: readonly Address[], isFromHost: boolean): Door[] {
    const { map } = this.#siteOf(to);
    const doors = to.publications.flatMap(({ hostIp, hostPort, protocol }) => {
      if (protocol === 'sctp') return [];
      const bound = map.address(hostIp);
      if (bound === null) return [];
      const isAny = bound.value === 0n;
      const main = hostAddresses.filter(({ family }) => family === bound.family).map(formatAddress);
      const loopback = bound.family === 'ipv4' ? '127.0.0.1' : '::1';
      const addresses = isAny ? [...main, ...(isFromHost ? [loopback] : [])] : [formatAddress(bound)];
      // On another's own loopback the port is not there for certain, and would be looked for in the wrong place.
      return addresses
        .filter((address) => isFromHost || !isLoopbackText(map, address))
        .map((address) => describeDoor({ address, port: hostPort, protocol, at: 'published' }));
    });
    return distinct(doors);
  }
}

function describeSite(map: WorldMap, outside: string | null): Site {
  const { host, world } = map;
  const gateway = host?.routes.find(({ subnet, gateway: next }) => subnet.prefix === 0 && next !== null)?.gateway;
  const hostAddresses = mainAddresses(host);
  const node = map.address(world.swarm?.address ?? '');
  const outer = [...(node === null ? [] : [node]), ...hostAddresses];
  return {
    map,
    outside: outside ?? (gateway ? formatAddress(gateway) : null),
    hostAddresses,
    outerAddresses: [...new Map(outer.map((address) => [formatAddress(address), address])).values()],
  };
}

/** Of `0.0.0.0` and `::` on one port the second adds nothing. */
function distinct(doors: readonly Door[]): Door[] {
  return [...new Map(doors.map((door) => [door.spelt, door])).values()];
}

function isLoopbackText(map: WorldMap, text: string): boolean {
  const address = map.address(text);
  return address !== null && isLoopback(address);
}

function toDoor({ port, protocol }: Listener, address: string, at: AddressKind): Door {
  return describeDoor({ address, port, protocol: protocol.startsWith('tcp') ? 'tcp' : 'udp', at });
}

function describeDoor(door: Omit<Door, 'spelt'>): Door {
  return { ...door, spelt: spellDoor(door) };
}

/** A socket for all addresses of one family is tried there only; any other one everywhere, to say that it is not there. */
function isWorthTrying(map: WorldMap, { address }: Listener, { family }: Address): boolean {
  const bound = map.address(address);
  return bound !== null && (bound.family === family || (bound.family === 'ipv6' && bound.value === 0n));
}

function ownAddresses({ interfaces }: Namespace): Address[] {
  return interfaces
    .flatMap(({ addresses }) => addresses.map(({ address }) => address))
    .filter((address) => !isLoopback(address) && !isLinkLocal(address));
}

/** The addresses of the host that a client elsewhere would use: those of its ways out; one of each family at most. */
export function mainAddresses(host: Namespace | undefined): Address[] {
  if (host === undefined) return [];
  const families: Address[] = [
    { family: 'ipv4', value: 0xcb007101n },
    { family: 'ipv6', value: 0x20010db8n << 96n },
  ];
  return families.flatMap((somewhere) => {
    const route = findRoute(host, somewhere);
    const main = route === null ? null : sourceFor(route.device, route.gateway ?? somewhere);
    if (main !== null) return [main];
    // A host without a way out still has addresses: the first that is on no bridge of Docker's, else any.
    const others = host.interfaces.filter(({ addresses }) => addresses.some(({ address }) => !isLoopback(address)));
    const device = others.find(({ network }) => network === null) ?? others[0];
    const own = device?.addresses.find(({ address }) => address.family === somewhere.family && !isLinkLocal(address));
    return own === undefined ? [] : [own.address];
  });
}

function spellDoor({ protocol, address, port }: Pick<ReachabilityEntry, 'protocol' | 'address' | 'port'>): string {
  return `${protocol}/${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function toEntry(from: string, to: string, { address, port, protocol, at }: Door, finding: Finding): ReachabilityEntry {
  return {
    from,
    to,
    address,
    port,
    protocol,
    at,
    outcome: finding.outcome,
    code: finding.code,
    seenAs: finding.seenAs,
    carriedBy: finding.carriedBy,
    sentence: finding.sentence(),
    verifiable: protocol === 'tcp' && from !== outsideName && finding.isMoot !== true,
  };
}
