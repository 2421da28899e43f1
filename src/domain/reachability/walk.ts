// The way of one packet, as Linux and Docker carry it: from a namespace over its routes and bridges, through the rules of the host, to the namespace
// that takes it. What it meets is noted as hops. It knows no sockets: connection.ts asks what becomes of a connection.

import type { Hop } from '../../schemas/packet-path.ts';
import type { Packet } from '../firewall/packet.ts';
import type { Hook, Traversal, TraversalOptions } from '../firewall/traverse.ts';
import { type Address, formatAddress } from '../subnet.ts';
import { Conntrack } from './conntrack.ts';
import type { Fate, Stop } from './fate.ts';
import { firstPacket } from './first-packet.ts';
import { describeDecider, describeRules, judgeStop, seenAfterRejection } from './rule-words.ts';
import { Trail } from './trail.ts';
import type { NetworkPlace } from './world.ts';
import {
  type Attachment,
  answersFor,
  findRoute,
  isLoopback,
  isOwn,
  keyOf,
  type Namespace,
  type ReadRoute,
  sourceFor,
  type WorldMap,
} from './world-map.ts';

/** @returns the source address that the kernel chooses; null where it has none of that family */
export function chooseSource(namespace: Namespace, destination: Address): Address | null {
  if (isOwn(namespace, destination))
    return isLoopback(destination) && destination.family === 'ipv4'
      ? { family: 'ipv4', value: 0x7f000001n }
      : destination;
  const route = findRoute(namespace, destination);
  return route === null ? null : sourceFor(route.device, route.gateway ?? destination);
}

/** One connection's packets: the first there, its answers back. */
export class Walk {
  /** Of the engine that the packet is on. */
  #map: WorldMap;
  readonly #trail: Trail;
  /** Where a packet that leaves the host goes, when that is where the client is. */
  readonly #outside: Address | null;
  readonly #conntrack = new Conntrack();

  constructor(map: WorldMap, { isRecording, outside }: { isRecording: boolean; outside: Address | null }) {
    this.#map = map;
    this.#trail = new Trail({ isRecording });
    this.#outside = outside;
  }

  get hops(): (() => Hop)[] {
    return this.#trail.hops;
  }

  /** Was the destination rewritten on the way? */
  get isRedirected(): boolean {
    return this.#conntrack.isRedirected;
  }

  /** From a program in the namespace. */
  send(namespace: Namespace, packet: Packet): Fate {
    this.#map = namespace.home;
    if (namespace.isHost) return this.#sendFromHost(namespace, packet);
    if (isOwn(namespace, packet.destination)) return { kind: 'delivered', namespace, isLocal: true, packet };
    const route = findRoute(namespace, packet.destination);
    if (route === null || route.reject)
      return this.#trail.stop('route', namespace.name, 'no_route', 'unreachable', () => {
        const isClosed = namespace.interfaces.every(({ place }) => place.name === 'lo');
        const why = isClosed ? ': it has no interface but lo' : '';
        return `${namespace.name} has no route to ${formatAddress(packet.destination)}${why}`;
      });
    this.#trail.pass('route', namespace.name, () => ({ detail: describeRoute(namespace, route) }));
    return this.#ontoNetwork(namespace, route, packet);
  }

  /** From the network beyond the host. */
  enter(host: Namespace, packet: Packet): Fate {
    const route = findRoute(host, packet.source);
    if (route === null)
      return this.#trail.stop('route', 'the host', 'no_route_on_host', 'timeout', () => {
        return `the host has no route to ${formatAddress(packet.source)}: nothing comes in from there`;
      });
    return this.#receive(host, route.device.place.name, undefined, packet);
  }

  #ontoNetwork(namespace: Namespace, { device, gateway }: ReadRoute, packet: Packet): Fate {
    const { network } = device;
    const nextHop = gateway ?? packet.destination;
    if (network === null)
      return this.#trail.unknown('interface', device.place.name, 'interface_not_known', () => {
        return `${device.place.name} of ${namespace.name} belongs to no network that is known`;
      });
    if (network.driver === 'overlay') return this.#overOverlay(namespace, network, gateway !== null, packet);
    const { bridge } = network;
    if (network.driver !== 'bridge' || bridge === null) return this.#notModelled(network);
    const broken = this.#checkWire(network, bridge, { namespace, device });
    if (broken !== null) return broken;
    const owner = this.#findNeighbour(network, nextHop, namespace);
    if (owner === 'nobody') return this.#nobody(network, nextHop);
    if (owner === 'several') return this.#several(network, nextHop);
    const comesBy = this.#map.cableOf(device)?.name;
    if (owner === 'host') {
      this.#noteBridge(bridge, () => `${bridge} carries it to the host`);
      const { host } = this.#map;
      if (host === undefined) return this.#blind('the host');
      return this.#receive(host, bridge, comesBy, packet);
    }
    const unplugged = this.#checkWire(network, bridge, owner);
    if (unplugged !== null) return unplugged;
    this.#noteBridge(bridge, () => `${bridge} carries it to ${owner.namespace.name}`);
    return this.#acrossBridge(bridge, comesBy, owner, packet);
  }

  /** Between two containers; the rules of the host are not asked, but about what carries it to another engine. */
  #overOverlay(namespace: Namespace, network: NetworkPlace, isRouted: boolean, packet: Packet): Fate {
    const owner = isRouted ? 'nobody' : this.#findNeighbour(network, packet.destination, namespace);
    if (owner === 'several') return this.#several(network, packet.destination);
    if (typeof owner === 'string')
      return this.#trail.unknown('bridge', network.name, 'nobody_known_has_address', () => {
        return `nobody that is known here has ${formatAddress(packet.destination)} on ${network.name}: it may be a service, or on an engine that is not looked at`;
      });
    const { home } = owner.namespace;
    if (home === this.#map) {
      this.#noteOverlay(network, `${network.name} carries it to ${owner.namespace.name} on the same engine`);
      return this.#deliver(owner, packet);
    }
    if (network.encrypted === true)
      return this.#trail.unknown('bridge', network.name, 'encryption_not_known', () => {
        return `what ${network.name} carries to ${home.world.engine} is encrypted by the kernels of both hosts, and whether they can nobody here sees`;
      });
    const closed = this.#tunnelTo(home);
    if (closed !== null) return closed;
    this.#noteOverlay(network, `${network.name} carries it to ${owner.namespace.name} on ${home.world.engine}`);
    return this.#deliver(owner, packet);
  }

  /** Null where nothing is known to be in the way of what an overlay carries to another engine. */
  #tunnelTo(target: WorldMap): Stop | null {
    const source = this.#map;
    const stop = source.tunnel(target, () => judgeTunnel(source, target));
    if (stop !== null) this.#trail.end('bridge', `to ${target.world.engine}`, stop);
    return stop;
  }

  #noteOverlay({ name }: NetworkPlace, detail: string): void {
    this.#trail.pass('bridge', name, () => ({ detail }));
  }

  #notModelled({ name, driver }: NetworkPlace): Stop {
    return this.#trail.unknown('bridge', name, 'driver_not_modelled', () => {
      return `${name} is a network of the driver ${driver}, which is not modelled`;
    });
  }

  /** Whoever answers "who has that address?" there. */
  #findNeighbour(
    network: NetworkPlace,
    address: Address,
    asker: Namespace,
  ): Attachment | 'host' | 'nobody' | 'several' {
    const { host } = this.#map;
    const owners = this.#map.ownersOn(network, address).filter(({ namespace }) => namespace !== asker);
    const isHosts =
      host !== undefined && asker !== host && network.bridge !== null && answersFor(host, network.bridge, address);
    if (isHosts) return owners.length === 0 ? 'host' : 'several';
    const [first, second] = owners;
    // One that is on a network twice answers with either.
    return second !== undefined && second.namespace !== first?.namespace ? 'several' : (first ?? 'nobody');
  }

  #nobody(network: NetworkPlace, address: Address): Stop {
    if (network.isGatewayBridge === true)
      return this.#trail.unknown('bridge', network.bridge ?? network.name, 'namespace_not_known', () => {
        return `no container has ${formatAddress(address)} on ${network.name}, but the swarm has a namespace of its own there (ingress-sbox), into which nobody looks`;
      });
    if (this.#map.hasBlindSpot)
      return this.#trail.unknown('bridge', network.bridge ?? network.name, 'namespace_not_known', () => {
        return `nobody that could be looked into has ${formatAddress(address)} on ${network.name}, but not all could`;
      });
    return this.#trail.stop('bridge', network.bridge ?? network.name, 'nobody_has_address', 'unreachable', () => {
      return `nobody on ${network.name} has ${formatAddress(address)}`;
    });
  }

  #several(network: NetworkPlace, address: Address): Stop {
    return this.#trail.unknown('bridge', network.bridge ?? network.name, 'address_not_unique', () => {
      return `several on ${network.name} have ${formatAddress(address)}`;
    });
  }

  /**
   * Null where nothing is known to be wrong with the bridge and the cable to it. How a failure looks hangs on who was spoken to lately: whose address
   * is still remembered is spoken to in vain, anybody else is not found.
   */
  #checkWire(network: NetworkPlace, bridge: string, { namespace, device }: Attachment): Stop | null {
    if (this.#map.hostInterface(bridge)?.place.up === false)
      return this.#trail.stop('bridge', bridge, 'link_down', null, () => `the bridge ${bridge} is down`);
    const cable = this.#map.cableOf(device);
    if (cable === undefined || (cable.up && cable.master === bridge)) return null;
    return this.#trail.stop('veth', cable.name, 'link_down', null, () =>
      cable.up
        ? `the cable ${cable.name} of ${namespace.name} is not plugged into ${bridge} of ${network.name}`
        : `the cable ${cable.name} of ${namespace.name} is down`,
    );
  }

  /** From one port of a bridge to another. The rules of the host see it only where br_netfilter shows it to them. */
  #acrossBridge(bridge: string, comesBy: string | undefined, owner: Attachment, packet: Packet): Fate {
    const { family } = packet.destination;
    const meets = this.#map.bridgedMeetRules(family);
    if (meets === false) return this.#deliver(owner, packet);
    if (this.#map.rules(family) === null) {
      if (meets === null) return this.#settingsUnknown(`whether rules see what stays on ${bridge}`);
      return this.#rulesUnknown(family);
    }
    const goesBy = this.#map.cableOf(owner.device)?.name;
    const bridged = { ...packet, isBridged: true, physicalIn: comesBy, inInterface: bridge, outInterface: null };
    const before = this.#pass('PREROUTING', bridged);
    if (before.kind === 'stop') return this.#onlyIf(meets, bridge, before);
    const arrived = this.#conntrack.restoreSource(before.packet);
    if (keyOf(arrived.destination) !== keyOf(packet.destination)) {
      if (meets === null) return this.#settingsUnknown(`whether rules see what stays on ${bridge}`);
      const { host } = this.#map;
      return host === undefined ? this.#blind('the host') : this.#routeOnHost(host, bridge, arrived);
    }
    const through = this.#pass('FORWARD', { ...arrived, outInterface: bridge, physicalOut: goesBy });
    if (through.kind === 'stop') return this.#onlyIf(meets, bridge, through);
    const after = this.#pass('POSTROUTING', { ...through.packet, inInterface: null });
    if (after.kind === 'stop') return this.#onlyIf(meets, bridge, after);
    return this.#deliver(owner, this.#conntrack.restoreDestination(after.packet));
  }

  /** A stop by rules that perhaps see nothing is none that is certain. */
  #onlyIf(meets: boolean | null, bridge: string, stop: Stop): Stop {
    return meets === null ? this.#settingsUnknown(`whether rules see what stays on ${bridge}`) : stop;
  }

  /** To the namespace of a container, from its network. */
  #deliver({ namespace, device }: Attachment, packet: Packet): Fate {
    const cable = this.#map.cableOf(device);
    if (cable !== undefined)
      this.#trail.pass('veth', cable.name, () => ({
        detail: `the cable ${cable.name} leads to ${device.place.name} of ${namespace.name}`,
        counters: { rx: cable.rx, tx: cable.tx },
      }));
    this.#trail.pass('interface', device.place.name, () => ({
      detail: `${device.place.name} of ${namespace.name} gets it`,
    }));
    if (!isOwn(namespace, packet.destination))
      return this.#trail.unknown('interface', device.place.name, 'container_as_router', () => {
        return `${namespace.name} would have to pass it on to ${formatAddress(packet.destination)}`;
      });
    if (isLoopback(packet.destination) || namespace.own.has(keyOf(packet.source)))
      return this.#trail.stop('interface', device.place.name, 'martian', 'timeout', () => {
        const address = isLoopback(packet.destination) ? packet.destination : packet.source;
        return `${namespace.name} drops it: ${formatAddress(address)} is its own, and cannot come from outside`;
      });
    return { kind: 'delivered', namespace, isLocal: false, packet };
  }

  /** It comes to the host by one of its interfaces. */
  #receive(host: Namespace, by: string, comesBy: string | undefined, packet: Packet): Fate {
    // Which port it came by is kept only where br_netfilter is at work.
    const isShown = this.#map.bridgedMeetRules(packet.destination.family);
    const physicalIn = isShown === null ? undefined : isShown ? comesBy : null;
    const before = this.#pass('PREROUTING', {
      ...packet,
      isBridged: false,
      inInterface: by,
      outInterface: null,
      physicalIn,
      physicalOut: null,
    });
    if (before.kind === 'stop') return before;
    return this.#routeOnHost(host, by, this.#conntrack.restoreSource(before.packet));
  }

  #routeOnHost(host: Namespace, by: string, packet: Packet): Fate {
    if (isLoopback(packet.destination) && by !== 'lo') {
      const isRouted = this.#map.routesLoopback(by);
      if (isRouted === null) return this.#settingsUnknown(`route_localnet of ${by}`);
      if (!isRouted || packet.destination.family === 'ipv6')
        return this.#trail.stop('prerouting', by, 'martian', 'timeout', () => {
          return `the host drops it: ${formatAddress(packet.destination)} cannot come from outside (route_localnet of ${by} is off)`;
        });
    }
    if (isOwn(host, packet.source))
      return this.#trail.stop('prerouting', by, 'martian', 'timeout', () => {
        return `the host drops it: ${formatAddress(packet.source)} is its own, and cannot come by ${by}`;
      });
    if (!isOwn(host, packet.destination)) return this.#forward(host, by, packet);
    const taken = this.#pass('INPUT', packet);
    if (taken.kind === 'stop') return taken;
    return {
      kind: 'delivered',
      namespace: host,
      isLocal: false,
      packet: this.#conntrack.restoreDestination(taken.packet),
    };
  }

  #forward(host: Namespace, by: string, packet: Packet): Fate {
    const { family } = packet.destination;
    const forwards = this.#map.forwards(family);
    if (forwards === null) return this.#settingsUnknown('whether the host forwards packets');
    if (!forwards)
      return this.#trail.stop('forward', by, 'forwarding_off', 'timeout', () => {
        const setting = family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
        return `the host does not forward it to ${formatAddress(packet.destination)}: ${setting} is off`;
      });
    const route = findRoute(host, packet.destination);
    // Of several connections at a time the kernel tells some only: it limits how often it says so (net.ipv4.icmp_ratelimit).
    if (route === null || route.reject) return { ...this.#noRouteOnHost(packet), seenAs: null };
    const through = this.#pass('FORWARD', { ...packet, outInterface: route.device.place.name });
    if (through.kind === 'stop') return through;
    return this.#leaveHost(host, route, through.packet);
  }

  #noRouteOnHost({ destination }: Packet): Stop {
    return this.#trail.stop('route', 'the host', 'no_route_on_host', 'unreachable', () => {
      return `the host has no route to ${formatAddress(destination)}`;
    });
  }

  #sendFromHost(host: Namespace, packet: Packet): Fate {
    const first = this.#wayOut(host, packet.destination);
    if (first === null) return this.#noRouteOnHost(packet);
    const leaving = {
      ...packet,
      isBridged: false,
      inInterface: null,
      outInterface: first.name,
      physicalIn: null,
      physicalOut: null,
    };
    const isMasked = packet.connection.isReply && this.#conntrack.isMasked;
    const out = this.#pass(
      'OUTPUT',
      leaving,
      isMasked ? { translate: (one) => this.#conntrack.restoreSource(one) } : {},
    );
    if (out.kind === 'stop') return out;
    // Rewritten, it takes another way.
    const way = this.#wayOut(host, out.packet.destination);
    if (way === null) return this.#noRouteOnHost(out.packet);
    if (way.route !== null) return this.#leaveHost(host, way.route, { ...out.packet, outInterface: way.name });
    const after = this.#pass('POSTROUTING', { ...out.packet, outInterface: 'lo' });
    if (after.kind === 'stop') return after;
    const settled = { translate: (one: Packet) => one };
    const arriving = { ...this.#conntrack.restoreDestination(after.packet), inInterface: 'lo', outInterface: null };
    const before = this.#pass('PREROUTING', arriving, settled);
    if (before.kind === 'stop') return before;
    const taken = this.#pass('INPUT', this.#conntrack.restoreSource(before.packet), settled);
    if (taken.kind === 'stop') return taken;
    return { kind: 'delivered', namespace: host, isLocal: true, packet: taken.packet };
  }

  /** The interface, and the route where it is not lo; null where there is none. */
  #wayOut(host: Namespace, destination: Address): { readonly name: string; readonly route: ReadRoute | null } | null {
    if (isOwn(host, destination)) return { name: 'lo', route: null };
    const route = findRoute(host, destination);
    return route === null || route.reject ? null : { name: route.device.place.name, route };
  }

  /** Out by an interface of the host, to a container or away. */
  #leaveHost(host: Namespace, { device, gateway }: ReadRoute, packet: Packet): Fate {
    const name = device.place.name;
    // Since Linux 5.7 the rules see there by which interface it came, where it is only passed on.
    const after = this.#pass('POSTROUTING', { ...packet, outInterface: name });
    if (after.kind === 'stop') return after;
    const leaving = this.#conntrack.restoreDestination(after.packet);
    const { network } = device;
    if (network === null) {
      if (this.#outside !== null && keyOf(this.#outside) === keyOf(leaving.destination))
        return { kind: 'delivered', namespace: null, isLocal: false, packet: leaving };
      const stop = this.#trail.unknown('interface', name, 'leaves_the_host', () => {
        return `${formatAddress(leaving.destination)} is beyond ${name} of the host`;
      });
      return { ...stop, left: { packet: leaving, isOnLink: gateway === null } };
    }
    const { bridge } = network;
    if (network.driver !== 'bridge' || bridge === null) return this.#notModelled(network);
    const nextHop = gateway ?? leaving.destination;
    if (!device.place.up)
      return this.#trail.stop('bridge', bridge, 'link_down', null, () => `the bridge ${bridge} is down`);
    const owner = this.#findNeighbour(network, nextHop, host);
    if (owner === 'nobody' || owner === 'host') return this.#nobody(network, nextHop);
    if (owner === 'several') return this.#several(network, nextHop);
    const unplugged = this.#checkWire(network, bridge, owner);
    if (unplugged !== null) return unplugged;
    this.#noteBridge(bridge, () => `${bridge} carries it to ${owner.namespace.name}`);
    return this.#deliver(owner, leaving);
  }

  /** Through the rules of a hook: on, rewritten perhaps, or not. */
  #pass(
    hook: Hook,
    packet: Packet,
    options: TraversalOptions = {},
  ): { readonly kind: 'passed'; readonly packet: Packet } | Stop {
    const traversal = this.#map.traverse(hook, packet, options);
    if (traversal === null) return this.#rulesUnknown(packet.destination.family);
    const { verdict } = traversal;
    if (verdict.kind === 'accept') {
      this.#conntrack.remember(packet, traversal.packet);
      if (this.#trail.isRecording) this.#notePass(hook, packet, traversal);
      return { kind: 'passed', packet: traversal.packet };
    }
    const network = this.#networkOf(packet);
    const stop: Stop = {
      kind: 'stop',
      ...judgeStop(verdict, packet, network),
      seenAs:
        verdict.kind === 'unknown' ? null : verdict.kind === 'reject' ? seenAfterRejection(verdict.with) : 'timeout',
      sentence: () => describeDecider(verdict),
    };
    if (this.#trail.isRecording) this.#trail.hops.push(...describeRules(hook, traversal, stop.sentence));
    return stop;
  }

  #notePass(hook: Hook, packet: Packet, traversal: Traversal): void {
    const isRewritten = keyOf(traversal.packet.destination) !== keyOf(packet.destination);
    const isMasked = keyOf(traversal.packet.source) !== keyOf(packet.source);
    this.#trail.hops.push(
      ...describeRules(hook, traversal, () => {
        const { destination, destinationPort, source } = traversal.packet;
        if (isRewritten || destinationPort !== packet.destinationPort)
          return `a rule rewrites its destination to ${spellEnd(destination, destinationPort)}`;
        return isMasked ? `a rule gives it the source ${formatAddress(source)}` : 'the rules let it pass';
      }),
    );
  }

  #networkOf({ inInterface, outInterface }: Packet): { in: NetworkPlace | null; out: NetworkPlace | null } {
    const find = (name: string | null) => this.#map.hostInterface(name)?.network ?? null;
    return { in: find(inInterface), out: find(outInterface) };
  }

  #noteBridge(bridge: string, detail: () => string): void {
    this.#trail.pass('bridge', bridge, () => {
      const link = this.#map.link(bridge);
      return { detail: detail(), counters: link === undefined ? null : { rx: link.rx, tx: link.tx } };
    });
  }

  #settingsUnknown(what: string): Stop {
    return this.#trail.unknown('forward', 'the host', 'settings_not_known', () => {
      const { settings } = this.#map.world.host;
      return `it is not known ${what.startsWith('whether') ? what : `what ${what} says`}: ${settings.known ? '' : settings.reason}`;
    });
  }

  #rulesUnknown(family: Address['family']): Stop {
    return this.#trail.unknown('forward', 'the host', 'rules_not_known', () => {
      const rules = this.#map.world.host.rules[family];
      return `the rules of the host are not known: ${rules.known ? '' : rules.reason}`;
    });
  }

  #blind(name: string): Stop {
    return this.#trail.unknown('interface', name, 'namespace_not_known', () => `${name} could not be looked into`);
  }
}

/** The port of VXLAN (RFC 7348), where the swarm was given no other. */
const vxlanPort = 4789;

/** What an overlay carries to another engine goes there by UDP, from host to host: does it come through the rules of both? */
function judgeTunnel(source: WorldMap, target: WorldMap): Stop | null {
  const from = source.address(source.world.swarm?.address ?? '');
  const to = source.address(target.world.swarm?.address ?? '');
  const [out, into] = [source.inClear, target.inClear];
  if (from === null || to === null || out.host === undefined || into.host === undefined) return null;
  const ports = [source, target, ...source.mates].flatMap(({ world }) => world.swarm?.dataPort ?? []);
  const packet = firstPacket(from, { address: to, port: ports[0] ?? vxlanPort, protocol: 'udp' });
  const left = new Walk(out, { isRecording: false, outside: to }).send(out.host, packet);
  const isOut = left.kind === 'delivered';
  const fate = isOut ? new Walk(into, { isRecording: false, outside: null }).enter(into.host, packet) : left;
  if (fate.kind === 'delivered') return null;
  const where = isOut ? target : source;
  return {
    ...fate,
    // Neighbours are answered for by the engine itself: what follows is lost without a word.
    seenAs: fate.outcome === 'fails' ? 'timeout' : null,
    sentence: () =>
      `what overlays carry to ${target.world.engine} (udp ${packet.destinationPort}) is stopped on ${where.world.engine}: ${fate.sentence()}`,
  };
}

function describeRoute(namespace: Namespace, { device, gateway }: ReadRoute): string {
  const way = gateway === null ? 'which is on its link' : `to the gateway ${formatAddress(gateway)}`;
  return `${namespace.name} sends it by ${device.place.name}, ${way}`;
}

/** `172.17.0.2:80`, `[fd00::2]:80` */
export function spellEnd(address: Address, port: number | null): string {
  const text = formatAddress(address);
  return `${address.family === 'ipv6' ? `[${text}]` : text}:${port ?? '*'}`;
}
