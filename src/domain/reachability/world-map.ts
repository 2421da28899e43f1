// A world, indexed for the questions that a packet asks on its way. Made once for each world; everything in it is looked up, nothing is decided.
import { profileAddresses } from '../firewall/address-profile.ts';
import { withoutEncryption } from '../firewall/encryption-rules.ts';
import type { Packet, Surroundings } from '../firewall/packet.ts';
import type { Ruleset } from '../firewall/ruleset.ts';
import { TraversalCache } from '../firewall/traversal-cache.ts';
import type { Hook, Traversal, TraversalOptions } from '../firewall/traverse.ts';
import { areInOneSwarm } from '../network/swarm.ts';
import { type Address, contains, lastOf, parseAddress, type Subnet, subnetOf } from '../subnet.ts';
import type {
  HostLink,
  InterfacePlace,
  Listener,
  NamespacePlace,
  NetworkPlace,
  Node,
  PortProxy,
  World,
} from './world.ts';

export type Family = Address['family'];

/** An address of an interface, read. */
export interface OwnAddress {
  readonly address: Address;
  readonly subnet: Subnet;
}

export interface Interface {
  readonly place: InterfacePlace;
  readonly addresses: readonly OwnAddress[];
  /** Null for lo, and where it is not known. Of the host, that whose bridge it is. */
  readonly network: NetworkPlace | null;
}

export interface ReadRoute {
  readonly subnet: Subnet;
  readonly gateway: Address | null;
  readonly device: Interface;
  readonly metric: number;
  readonly reject: boolean;
}

export interface Namespace {
  /** The map of the world that it is in. */
  readonly home: WorldMap;
  readonly place: NamespacePlace;
  readonly isHost: boolean;
  readonly interfaces: readonly Interface[];
  /** The best first: longest prefix, then lowest metric. Those of interfaces that are down are not there: the kernel takes them away. */
  readonly routes: readonly ReadRoute[];
  readonly own: ReadonlyMap<AddressKey, Interface>;
  /** What {@link findRoute} found before. */
  readonly found: Map<AddressKey, ReadRoute | null>;
  /** What people call it: the name of a member, or `the host`. */
  readonly name: string;
}

/** Where a namespace is on a network. */
export interface Attachment {
  readonly namespace: Namespace;
  readonly device: Interface;
}

interface LocalTable {
  readonly own: ReadonlySet<AddressKey>;
  readonly broadcasts: ReadonlySet<AddressKey>;
}

const maps = new WeakMap<World, WorldMap>();
const groups = new WeakMap<readonly World[], readonly WorldMap[]>();

export function mapOf(world: World): WorldMap {
  const known = maps.get(world);
  if (known !== undefined) return known;
  const map = new WorldMap(world);
  maps.set(world, map);
  return map;
}

/** Maps of worlds that are looked at together, in their order: each knows who of the others is on the networks that they share. */
export function mapsOf(worlds: readonly World[]): readonly WorldMap[] {
  const [first] = worlds;
  if (first !== undefined && worlds.length === 1) return [mapOf(first)];
  const known = groups.get(worlds);
  if (known !== undefined) return known;
  const group: WorldMap[] = worlds.map((world) => new WorldMap(world, () => group));
  groups.set(worlds, group);
  return group;
}

/** For maps: numbers and texts are looked up several times faster than bigints. */
export type AddressKey = number | string;

export function keyOf({ family, value }: Address): AddressKey {
  return family === 'ipv4' ? Number(value) : value.toString(36);
}

export function isLoopback({ family, value }: Address): boolean {
  return family === 'ipv4' ? value >> 24n === 127n : value === 1n;
}

export function isLinkLocal({ family, value }: Address): boolean {
  return family === 'ipv6' && value >> 118n === 0x3fan;
}

export class WorldMap {
  readonly world: World;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly host: Namespace | undefined;
  /** Some container runs in a namespace that could not be looked into: whatever nobody seems to have, it may have. */
  readonly hasBlindSpot: boolean;
  readonly surroundings: Surroundings;
  readonly #attachments = new Map<string, Attachment[]>();
  readonly #networkOfBridge: ReadonlyMap<string, NetworkPlace>;
  readonly #links: ReadonlyMap<string, HostLink>;
  readonly #addresses = new Map<string, Address | null>();
  readonly #profiles = new Map<Namespace, string | null>();
  readonly #profilers = new Map<Family, ReturnType<typeof profileAddresses>>();
  readonly #notes = new Map<Namespace, readonly string[]>();
  readonly #sockets = new Map<Namespace, Map<number, readonly Listener[]>>();
  readonly #backends = new Map<PortProxy, unknown>();
  readonly #tunnels = new Map<WorldMap, unknown>();
  readonly #owners = new Map<string, readonly Attachment[]>();
  readonly #cables = new Map<Interface, HostLink | undefined>();
  readonly #hostInterfaces: ReadonlyMap<string, Interface>;
  readonly #traversals = new Map<Family, TraversalCache>();
  readonly #localTables = new Map<string | null, LocalTable>();
  readonly #group: () => readonly WorldMap[];
  #mates: readonly WorldMap[] | undefined;
  #inClear: WorldMap | undefined;

  /** @param group all maps that are looked at together, this one too; asked for when all are there */
  constructor(world: World, group: () => readonly WorldMap[] = () => []) {
    this.world = world;
    this.#group = group;
    this.nodes = new Map(world.nodes.map((node) => [node.id, node]));
    this.#networkOfBridge = new Map(
      [...world.networks.values()].flatMap((network) => (network.bridge === null ? [] : [[network.bridge, network]])),
    );
    this.#links = new Map((world.host.links.known ? world.host.links.value : []).map((link) => [link.name, link]));
    // Every namespace has a lo: one without any interface was not seen.
    const seen = [...world.namespaces].filter(([, { interfaces }]) => interfaces.length > 0);
    this.namespaces = new Map(seen.map(([id, place]) => [id, this.#readNamespace(place)]));
    this.host = this.namespaces.get(world.host.namespace);
    this.#hostInterfaces = new Map((this.host?.interfaces ?? []).map((device) => [device.place.name, device]));
    const isUnseen = ({ namespace }: Node) => namespace !== null && !this.namespaces.has(namespace);
    this.hasBlindSpot = this.host === undefined || world.nodes.some(isUnseen);
    for (const namespace of this.namespaces.values())
      for (const device of namespace.interfaces) this.#attach(namespace, device);
    this.surroundings = {
      typeOf: (address, device) => this.#typeOf(address, device),
      primaryAddressOf: (device, family) => this.#primaryAddressOf(device, family),
    };
  }

  /** Those of other engines in the same swarm. */
  get mates(): readonly WorldMap[] {
    if (this.#mates === undefined) {
      const { swarm } = this.world;
      this.#mates = this.#group().filter(
        (one) =>
          one !== this && swarm !== undefined && one.world.swarm !== undefined && areInOneSwarm(swarm, one.world.swarm),
      );
    }
    return this.#mates;
  }

  /** The same host without the rules for encrypted overlays; itself where there are none. */
  get inClear(): WorldMap {
    if (this.#inClear === undefined) {
      const { rules } = this.world.host;
      const { ipv4 } = rules;
      const clear = ipv4.known ? withoutEncryption(ipv4.value) : null;
      const host = {
        ...this.world.host,
        rules: { ...rules, ipv4: clear === null ? ipv4 : ({ known: true, value: clear } as const) },
      };
      this.#inClear =
        clear === null || (ipv4.known && clear === ipv4.value) ? this : new WorldMap({ ...this.world, host });
    }
    return this.#inClear;
  }

  /**
   * Namespaces of one profile fare alike as clients of all but themselves: they are on one network, with like routes, and no rule tells their
   * addresses apart. Null for one that is like no other.
   */
  profileOf(source: Namespace): string | null {
    const known = this.#profiles.get(source);
    if (known !== undefined) return known;
    const profile = this.#describeProfile(source);
    this.#profiles.set(source, profile);
    return profile;
  }

  #describeProfile({ interfaces, routes, isHost }: Namespace): string | null {
    const [device, ...others] = interfaces.filter(({ place }) => place.name !== 'lo');
    const network = device?.network;
    if (isHost || device === undefined || others.length > 0 || !network || !device.place.up) return null;
    const cable = this.cableOf(device);
    if (cable !== undefined && !(cable.up && cable.master === network.bridge)) return null;
    const parts = [network.id, device.place.name, String(cable === undefined)];
    for (const { address, subnet } of device.addresses) {
      if (this.ownersOn(network, address).length > 1) return null;
      const profile = isLinkLocal(address) ? '' : this.#addressProfile(address);
      if (profile === null) return null;
      parts.push(`${address.family}/${subnet.prefix}/${profile}`);
    }
    for (const { subnet, gateway, metric, reject } of routes)
      parts.push(`${subnet.base}/${subnet.prefix} ${gateway?.value} ${metric} ${reject}`);
    return parts.join(' ');
  }

  #addressProfile(address: Address): string | null {
    const { family } = address;
    let profiler = this.#profilers.get(family);
    if (profiler === undefined) {
      const rules = this.rules(family);
      profiler = rules === null ? () => '' : profileAddresses(rules, this.surroundings);
      this.#profilers.set(family, profiler);
    }
    return profiler === null ? null : profiler(address);
  }

  /** What is worth knowing of a target, whoever connects to it. */
  notesOn(target: Namespace): readonly string[] {
    const known = this.#notes.get(target);
    if (known !== undefined) return known;
    const members = target.place.members.flatMap((id) => this.nodes.get(id) ?? []);
    const isPaused = members.length > 0 && members.every(({ state }) => state === 'paused');
    const notes = isPaused
      ? [`${target.name} is paused: its kernel accepts the connection, and nothing answers on it`]
      : [];
    this.#notes.set(target, notes);
    return notes;
  }

  /** Sockets of a namespace on one port; null where they were not read. */
  socketsOn(namespace: Namespace, port: number): readonly Listener[] | null {
    const { listeners } = namespace.place;
    if (!listeners.known) return null;
    let byPort = this.#sockets.get(namespace);
    if (byPort === undefined) {
      byPort = new Map();
      for (const listener of listeners.value)
        byPort.set(listener.port, [...(byPort.get(listener.port) ?? []), listener]);
      this.#sockets.set(namespace, byPort);
    }
    return byPort.get(port) ?? [];
  }

  /** What becomes of a docker-proxy's own call: for whomever it makes it, it is the same. */
  backend<Found>(proxy: PortProxy, call: () => Found): Found {
    const known = this.#backends.get(proxy);
    if (known !== undefined) return known as Found;
    const found = call();
    this.#backends.set(proxy, found);
    return found;
  }

  /** What becomes of what overlays carry to another engine: for all of them it is the same. */
  tunnel<Found>(target: WorldMap, judge: () => Found): Found {
    if (!this.#tunnels.has(target)) this.#tunnels.set(target, judge());
    return this.#tunnels.get(target) as Found;
  }

  address(text: string): Address | null {
    const known = this.#addresses.get(text);
    if (known !== undefined) return known;
    const read = parseAddress(text);
    this.#addresses.set(text, read);
    return read;
  }

  rules(family: Family): Ruleset | null {
    const rules = this.world.host.rules[family];
    return rules.known ? rules.value : null;
  }

  /** Null where the rules were not read. */
  traverse(hook: Hook, packet: Packet, options?: TraversalOptions): Traversal | null {
    const { family } = packet.destination;
    const rules = this.rules(family);
    if (rules === null) return null;
    let cache = this.#traversals.get(family);
    if (cache === undefined) {
      cache = new TraversalCache(rules, this.surroundings);
      this.#traversals.set(family, cache);
    }
    return cache.traverse(hook, packet, options);
  }

  /** Null where it was not read. */
  forwards(family: Family): boolean | null {
    const { settings } = this.world.host;
    return settings.known ? settings.value.forwarding[family] : null;
  }

  /** Do the rules see what stays on one bridge? Null where it was not read. */
  bridgedMeetRules(family: Family): boolean | null {
    const { settings } = this.world.host;
    return settings.known ? settings.value.bridgedPacketsMeetRules[family] : null;
  }

  routesLoopback(device: string): boolean | null {
    const { settings } = this.world.host;
    return settings.known ? settings.value.routeLocalnet.has(device) : null;
  }

  proxies(): readonly PortProxy[] | null {
    const { proxies } = this.world.host;
    return proxies.known ? proxies.value : null;
  }

  /**
   * Who answers on a network that it has an address, but for the host. Linux answers for every IPv4 address that it has, on whichever
   * interface; of IPv6 only for the interface's own.
   */
  ownersOn({ id, driver }: NetworkPlace, address: Address): readonly Attachment[] {
    const key = `${id} ${keyOf(address)}`;
    const known = this.#owners.get(key);
    if (known !== undefined) return known;
    const elsewhere = driver === 'overlay' ? this.mates.flatMap((mate) => mate.#attachments.get(id) ?? []) : [];
    const there = [...(this.#attachments.get(id) ?? []), ...elsewhere];
    const owners = there.filter(
      ({ namespace, device }) => device.place.up && answersFor(namespace, device.place.name, address),
    );
    this.#owners.set(key, owners);
    return owners;
  }

  /** An interface of the host. */
  hostInterface(name: string | null): Interface | undefined {
    return name === null ? undefined : this.#hostInterfaces.get(name);
  }

  link(name: string): HostLink | undefined {
    return this.#links.get(name);
  }

  /** The host's end of the cable of a container's interface; undefined where it is not known. */
  cableOf(device: Interface): HostLink | undefined {
    if (!this.#cables.has(device)) this.#cables.set(device, this.#findCable(device));
    return this.#cables.get(device);
  }

  #findCable(device: Interface): HostLink | undefined {
    const { index } = device.place;
    // Of other drivers the other end is somewhere else.
    if (device.network !== null && device.network.driver !== 'bridge') return undefined;
    if (index === undefined || !this.world.host.links.known) return undefined;
    const found = this.world.host.links.value.filter(
      ({ peerIndex, index: own }) => peerIndex === index && peerIndex !== own,
    );
    const onBridge = found.filter(({ master }) => master !== null && master === device.network?.bridge);
    // Numbers are counted in each namespace for itself: two cables can have the same one.
    const fitting = onBridge.length > 0 ? onBridge : found;
    return fitting.length === 1 ? fitting[0] : undefined;
  }

  #readNamespace(place: NamespacePlace): Namespace {
    const isHost = place.id === this.world.host.namespace;
    const interfaces = place.interfaces.map((device) => this.#readInterface(device, isHost));
    const own = new Map<AddressKey, Interface>();
    for (const device of interfaces)
      for (const { address } of device.addresses) if (!own.has(keyOf(address))) own.set(keyOf(address), device);
    const routes = this.#readRoutes(place, interfaces);
    return { home: this, place, isHost, interfaces, own, routes, found: new Map(), name: this.#nameOf(place) };
  }

  #nameOf(place: NamespacePlace): string {
    const isHost = place.id === this.world.host.namespace;
    const host = isHost ? this.world.nodes.find(({ kind }) => kind === 'host') : undefined;
    const [first = ''] = place.members;
    return host?.name ?? this.nodes.get(first)?.name ?? first;
  }

  #readInterface(place: InterfacePlace, isHost: boolean): Interface {
    const addresses = place.addresses.flatMap(({ address: text, prefix }) => {
      const address = this.address(text);
      return address === null ? [] : [{ address, subnet: subnetOf(address, prefix) }];
    });
    const ownNetwork = place.networkId === null ? undefined : this.world.networks.get(place.networkId);
    const network = isHost ? this.#networkOfBridge.get(place.name) : ownNetwork;
    return { place, addresses, network: network ?? null };
  }

  #readRoutes({ routes }: NamespacePlace, interfaces: readonly Interface[]): ReadRoute[] {
    return routes
      .flatMap(({ destination, prefix, gateway, interface: name, metric, reject }) => {
        const base = this.address(destination);
        const device = interfaces.find(({ place }) => place.name === name);
        if (base === null || device === undefined || (!device.place.up && !reject)) return [];
        return [
          {
            subnet: subnetOf(base, prefix),
            gateway: gateway === null ? null : this.address(gateway),
            device,
            metric,
            reject,
          },
        ];
      })
      .sort((one, other) => other.subnet.prefix - one.subnet.prefix || one.metric - other.metric);
  }

  #attach(namespace: Namespace, device: Interface): void {
    if (device.network === null || namespace.isHost) return;
    const there = this.#attachments.get(device.network.id) ?? [];
    there.push({ namespace, device });
    this.#attachments.set(device.network.id, there);
  }

  /** As the local table of the host says (fib_frontend.c, inet_dev_addr_type). */
  #typeOf(address: Address, device: string | null): ReturnType<Surroundings['typeOf']> {
    const { family, value } = address;
    if (family === 'ipv4') {
      if (value === 0xffffffffn || value >> 24n === 0n) return 'BROADCAST';
      if (value >> 28n === 0xen) return 'MULTICAST';
    } else {
      if (value === 0n) return 'UNSPEC';
      if (value >> 120n === 0xffn) return 'MULTICAST';
    }
    if (isLoopback(address)) return device === null || device === 'lo' ? 'LOCAL' : 'UNICAST';
    const { own, broadcasts } = this.#localTable(device);
    const key = keyOf(address);
    return own.has(key) ? 'LOCAL' : broadcasts.has(key) ? 'BROADCAST' : 'UNICAST';
  }

  /** Addresses of one interface of the host, or of all. */
  #localTable(device: string | null): LocalTable {
    const known = this.#localTables.get(device);
    if (known !== undefined) return known;
    const interfaces = (this.host?.interfaces ?? []).filter(({ place }) => device === null || place.name === device);
    const addresses = interfaces.flatMap((one) => one.addresses);
    const withBroadcast = addresses.filter(({ subnet }) => subnet.family === 'ipv4' && subnet.prefix < 31);
    const table = {
      own: new Set(addresses.map(({ address }) => keyOf(address))),
      broadcasts: new Set(withBroadcast.map(({ subnet }) => keyOf(lastOf(subnet)))),
    };
    this.#localTables.set(device, table);
    return table;
  }

  /** As inet_select_addr chooses: of an interface without an address for others (lo) that of the first that has one. */
  #primaryAddressOf(name: string, family: Family): Address | null {
    const isForOthers = ({ address }: OwnAddress) =>
      address.family === family && !isLinkLocal(address) && !isLoopback(address);
    const own = this.hostInterface(name)?.addresses.find(isForOthers);
    if (own !== undefined) return own.address;
    const others = family === 'ipv4' ? (this.host?.interfaces ?? []) : [];
    return others.flatMap(({ addresses }) => addresses).find(isForOthers)?.address ?? null;
  }
}

/** Of the addresses of a family, the one that the kernel takes as the source for a next hop: in its subnet where there is one. */
export function sourceFor(device: Interface, nextHop: Address): Address | null {
  const fitting = device.addresses.filter(
    ({ address }) => address.family === nextHop.family && isLinkLocal(address) === isLinkLocal(nextHop),
  );
  return (fitting.find(({ subnet }) => contains(subnet, nextHop)) ?? fitting[0])?.address ?? null;
}

/** Does the kernel of a namespace answer on that interface that it has the address? */
export function answersFor(namespace: Namespace, device: string, address: Address): boolean {
  if (!namespace.own.has(keyOf(address))) return false;
  if (address.family === 'ipv4') return true;
  const there = namespace.interfaces.find(({ place }) => place.name === device);
  return there?.addresses.some((own) => keyOf(own.address) === keyOf(address)) ?? false;
}

export function isOwn(namespace: Namespace, address: Address): boolean {
  if (isLoopback(address)) return namespace.interfaces.some(({ place }) => place.name === 'lo' && place.up);
  return namespace.own.has(keyOf(address));
}

export function findRoute({ routes, found }: Namespace, address: Address): ReadRoute | null {
  const key = keyOf(address);
  const known = found.get(key);
  if (known !== undefined) return known;
  const route = routes.find(({ subnet }) => contains(subnet, address)) ?? null;
  found.set(key, route);
  return route;
}
