// The way to a port of a container, from a client of one kind, by each address at which one would try. A view over predictConnection: it asks where the
// packet goes, and says what that means for the port.
import type { Hop, PacketPath, Path, PathClient } from '../../schemas/packet-path.ts';
import type { ReachabilityCode } from '../../schemas/reachability-codes.ts';
import { findOutBeyond } from '../reachability/beyond.ts';
import { type ConnectionAttempt, findOut, type Prediction, spellOut } from '../reachability/connection.ts';
import { mainAddresses } from '../reachability/matrix.ts';
import type { Node, Publication, World } from '../reachability/world.ts';
import {
  isLinkLocal,
  isLoopback,
  mapsOf,
  type Namespace,
  type ReadRoute,
  type WorldMap,
} from '../reachability/world-map.ts';
import { contains, formatAddress } from '../subnet.ts';

export type PathClientChoice =
  /** `address`: of a client beyond the host; the host's default gateway where it is not given, which stands for any. */
  | { readonly kind: 'outside'; readonly address?: string }
  | { readonly kind: 'host' }
  | { readonly kind: 'container'; readonly id: string };

export interface PathQuestion {
  /** Id of a container of the world. */
  readonly container: string;
  /** The container's own port. */
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly client: PathClientChoice;
}

/**
 * @param worlds that of the container's engine, and that of the client's where it is another
 * @throws RangeError where the container, or the client, is none of theirs
 */
export function tracePath(worlds: readonly World[], question: PathQuestion): PacketPath {
  const { client } = question;
  const maps = mapsOf(worlds);
  const map = findMap(maps, question.container);
  const node = findNode(map, question.container);
  const tracer = new Tracer(map, client.kind === 'container' ? findMap(maps, client.id) : map, node, question);
  return {
    container: { id: node.id, name: node.name },
    port: question.port,
    protocol: question.protocol,
    asOf: map.world.asOf,
    published: tracer.publications.length > 0 || tracer.target?.isHost === true,
    paths: tracer.trace(),
  };
}

function findMap(maps: readonly WorldMap[], id: string): WorldMap {
  const map = maps.find(({ nodes }) => nodes.has(id));
  if (map === undefined) throw new RangeError(`no node ${id}`);
  return map;
}

function findNode(map: WorldMap, id: string): Node {
  const node = map.nodes.get(id);
  if (node === undefined) throw new RangeError(`no node ${id}`);
  return node;
}

/** An address that the client could try, and the publication that it is for; null where it is the container's own. */
interface Door {
  readonly address: string;
  readonly port: number;
  readonly publication: Publication | null;
}

class Tracer {
  readonly publications: readonly Publication[];
  readonly target: Namespace | undefined;
  readonly #map: WorldMap;
  /** Of the client's engine. */
  readonly #clientMap: WorldMap;
  readonly #node: Node;
  readonly #question: PathQuestion;
  readonly #client: PathClient;
  /** The client's own namespace; undefined for one beyond the host. */
  readonly #source: Namespace | undefined;

  constructor(map: WorldMap, clientMap: WorldMap, node: Node, question: PathQuestion) {
    this.#map = map;
    this.#clientMap = clientMap;
    this.#node = node;
    this.#question = question;
    this.target = node.namespace === null ? undefined : map.namespaces.get(node.namespace);
    // A joined container publishes nothing itself: its target's ports are its own.
    const members = this.target?.isHost === false ? this.target.place.members : [node.id];
    this.publications = [...new Set([node.id, ...members])]
      .flatMap((id) => map.nodes.get(id)?.publications ?? [])
      .filter(({ containerPort, protocol }) => containerPort === question.port && protocol === question.protocol);
    this.#client = this.#describeClient(question.client);
    this.#source = this.#sourceOf(question.client);
  }

  trace(): Path[] {
    const doors = this.#doors();
    if (doors.length === 0) return [this.#noWay()];
    return doors.map((door) => this.#traceDoor(door));
  }

  #describeClient(choice: PathClientChoice): PathClient {
    if (choice.kind === 'container') {
      const { id, name } = findNode(this.#clientMap, choice.id);
      return { kind: 'container', id, name, address: null };
    }
    return {
      kind: choice.kind,
      id: null,
      name: null,
      address: choice.kind === 'outside' ? (choice.address ?? null) : null,
    };
  }

  /** One beyond the host that is not named has an address of the door's family. */
  #clientAt({ address }: Door): PathClient {
    if (this.#client.kind !== 'outside' || this.#client.address !== null) return this.#client;
    return { ...this.#client, address: this.#someOutside(address) };
  }

  #sourceOf(choice: PathClientChoice): Namespace | undefined {
    if (choice.kind === 'outside') return undefined;
    if (choice.kind === 'host') return this.#map.host;
    const { namespace } = findNode(this.#clientMap, choice.id);
    return namespace === null ? undefined : this.#clientMap.namespaces.get(namespace);
  }

  /** Any client would do: the way out to the world is the way in from it. Where there is none, a neighbour on the host's own network. */
  #someOutside(door: string): string | null {
    const { host } = this.#map;
    const at = this.#map.address(door);
    if (host === undefined || at === null) return null;
    const isOut = ({ subnet, gateway }: ReadRoute) =>
      subnet.prefix === 0 && subnet.family === at.family && gateway !== null;
    const gateway = host.routes.find(isOut)?.gateway;
    if (gateway) return formatAddress(gateway);
    const onLink = host.routes.find(
      (route) => route.gateway === null && route.subnet.prefix > 0 && contains(route.subnet, at),
    );
    if (onLink === undefined) return null;
    const { base, family } = onLink.subnet;
    const neighbours = [base + 1n, base + 2n].filter((value) => value !== at.value);
    return formatAddress({ family, value: neighbours[0] ?? base });
  }

  #doors(): Door[] {
    const published = this.publications.flatMap((publication) =>
      this.#addressesOf(publication).map((address) => ({ address, port: publication.hostPort, publication })),
    );
    const own = this.#ownAddresses().map((address) => ({ address, port: this.#question.port, publication: null }));
    const doors = [...published, ...own];
    return [...new Map(doors.map((door) => [`${door.address} ${door.port}`, door])).values()];
  }

  /** Those of the host. Another engine looks for it where the nodes of their swarm speak to each other. */
  #mainAddresses(): string[] {
    const main = mainAddresses(this.#map.host).map(formatAddress);
    const node = this.#map === this.#clientMap ? '' : (this.#map.world.swarm?.address ?? '');
    return [...new Set([...(node === '' ? [] : [node]), ...main])];
  }

  #addressesOf({ hostIp }: Publication): string[] {
    const bound = this.#map.address(hostIp);
    if (bound === null) return [];
    const isV6 = bound.family === 'ipv6';
    const main = this.#mainAddresses().filter((address) => address.includes(':') === isV6);
    const loopback = isV6 ? '::1' : '127.0.0.1';
    const isHost = this.#source?.isHost === true;
    if (bound.value === 0n) return isHost ? [loopback, ...main] : main;
    // Whoever is not on the host can only try its other addresses.
    return isLoopback(bound) && !isHost ? main : [formatAddress(bound)];
  }

  /** Without a publication: from within, from the host and its containers the container's own; in host mode the host's. */
  #ownAddresses(): string[] {
    const { target } = this;
    if (target === undefined) return [];
    const source = this.#source;
    if (target.isHost) return source?.isHost ? ['127.0.0.1', ...this.#mainAddresses()] : this.#mainAddresses();
    if (source === undefined) return [];
    if (source === target) return ['127.0.0.1'];
    return target.interfaces
      .flatMap(({ addresses }) => addresses.map(({ address }) => address))
      .filter((address) => !isLoopback(address) && !isLinkLocal(address))
      .map(formatAddress);
  }

  /** There is no address at which one could try. */
  #noWay(): Path {
    const { port, protocol } = this.#question;
    const { name, namespace, state } = this.#node;
    const isClosed = this.target?.interfaces.every(({ place }) => place.name === 'lo') ?? false;
    const verdict = ((): [ReachabilityCode, string] => {
      if (namespace === null) return ['target_not_running', `${name} does not run (${state})`];
      if (this.target === undefined) return ['namespace_not_known', `${name} could not be looked into`];
      if (isClosed) return ['not_on_network', `${name} is on no network: it has no interface but lo`];
      return ['not_published', `${protocol} ${port} of ${name} is not published on the host`];
    })();
    return this.#endAt(verdict, []);
  }

  #endAt([code, sentence]: readonly [ReachabilityCode, string], hops: Hop[], door?: Door): Path {
    const isUnknown = code === 'namespace_not_known';
    return {
      client: door === undefined ? this.#client : this.#clientAt(door),
      destination: { address: door?.address ?? '0.0.0.0', port: door?.port ?? this.#question.port },
      carriedBy: null,
      hops: [
        ...hops,
        { ...emptyHop('socket', this.#node.name), status: isUnknown ? 'unknown' : 'stop', detail: sentence },
      ],
      verdict: { reaches: isUnknown ? null : false, code, seenAs: null, sentence },
      notes: [],
    };
  }

  #traceDoor(door: Door): Path {
    const { protocol, client } = this.#question;
    const from = this.#from(client, door);
    if (from === null)
      return this.#endAt(
        ['namespace_not_known', 'the host has no default route: give the address of a client'],
        [],
        door,
      );
    const attempt = { from, to: { address: door.address, port: door.port, protocol } };
    const prediction = spellOut(
      this.#map === this.#clientMap
        ? findOut(this.#map, attempt, true)
        : findOutBeyond(this.#clientMap, this.#map, { ...attempt, namespace: this.#node.namespace ?? '' }, true),
    );
    const carriedBy = this.#carrier(prediction, door);
    return {
      client: this.#clientAt(door),
      destination: { address: door.address, port: door.port },
      carriedBy,
      hops: this.#arrange(prediction, door, carriedBy),
      verdict: this.#judge(prediction, door),
      notes: [...prediction.notes],
    };
  }

  #from(client: PathClientChoice, door: Door): ConnectionAttempt['from'] | null {
    if (client.kind === 'container') return client.id;
    if (client.kind === 'host') return this.#map.world.nodes.find(({ kind }) => kind === 'host')?.id ?? 'host';
    const { address } = this.#clientAt(door);
    return address === null ? null : { outside: address };
  }

  #carrier(prediction: Prediction, door: Door): Path['carriedBy'] {
    if (prediction.carriedBy !== null) return prediction.carriedBy;
    const isAtTarget = prediction.namespace !== null && prediction.namespace === this.#node.namespace;
    if (prediction.hops.some(({ kind, status }) => kind === 'dnat' && status === 'pass')) return 'dnat';
    return isAtTarget && (door.publication === null || this.target?.isHost === true) ? 'direct' : null;
  }

  /** What was predicted, with the host's address as a hop of its own, and what did not carry it. */
  #arrange({ hops }: Prediction, door: Door, carriedBy: Path['carriedBy']): Hop[] {
    const { publication } = door;
    if (publication === null) return [...hops];
    const [client, ...others] = hops;
    const { hostIp, hostPort, containerPort } = publication;
    const published = `${spell(hostIp, hostPort)} of the host is published for port ${containerPort} of ${this.#node.name}`;
    const address: Hop = { ...emptyHop('host-address', spell(door.address, door.port)), detail: published };
    const arranged = [...(client === undefined ? [] : [client]), address, ...others];
    if (carriedBy === 'dnat') {
      const proxy = this.#proxyOf(publication);
      const detail = proxy
        ? `docker-proxy (pid ${proxy.pid}) is not asked: a rule was first`
        : 'no docker-proxy is needed';
      const at = arranged.findIndex(({ kind }) => kind === 'dnat');
      arranged.splice(at + 1, 0, { ...emptyHop('docker-proxy', spell(hostIp, hostPort)), status: 'skipped', detail });
    } else if (carriedBy === 'docker-proxy') {
      const at = arranged.findIndex(({ kind }) => kind === 'docker-proxy');
      const detail = 'no rule rewrites the address for this client';
      arranged.splice(at, 0, { ...emptyHop('dnat', 'DOCKER'), status: 'skipped', detail });
    }
    return arranged;
  }

  #proxyOf({ hostIp, hostPort, protocol }: Publication) {
    return this.#map
      .proxies()
      ?.find((proxy) => proxy.hostIp === hostIp && proxy.hostPort === hostPort && proxy.protocol === protocol);
  }

  #judge(prediction: Prediction, door: Door): Path['verdict'] {
    const reaches = { reaches: true, fails: false, unknown: null }[prediction.outcome];
    const { code, seenAs, sentence } = prediction;
    const { publication } = door;
    const ends = prediction.namespace;
    // At the container's own address, or not arrived anywhere: as it was predicted.
    if (publication === null || ends === null) return this.#orStopped({ reaches, code, seenAs, sentence });
    if (ends === this.#node.namespace) return { reaches, code, seenAs, sentence };
    const { name } = this.#node;
    const where = spell(door.address, door.port);
    if (reaches === true) {
      const holder = this.#map.namespaces.get(ends)?.name ?? 'another';
      const other = `what ${where} leads to is not ${name}: ${holder === 'the host' ? 'another process of the host' : holder} has it`;
      return this.#orStopped({ reaches: false, code: 'held_by_another', seenAs: null, sentence: other });
    }
    const isElsewhere = code === 'listens_on_loopback_only' || code === 'listens_on_another_address';
    const bound = this.#map.address(publication.hostIp);
    // It is docker-proxy that listens there, for whom the port was published.
    if (isElsewhere && bound !== null && bound.value !== 0n && formatAddress(bound) !== door.address)
      return this.#orStopped({
        reaches: false,
        code: 'published_on_another_address',
        seenAs,
        sentence: `port ${publication.containerPort} of ${name} is published on ${publication.hostIp} of the host only, not on ${door.address}`,
      });
    if (code === 'nothing_listens' && prediction.carriedBy === null)
      return this.#orStopped({
        reaches: false,
        code: 'nothing_carries',
        seenAs,
        sentence: `neither a rule nor a docker-proxy takes ${where} to ${name}`,
      });
    return this.#orStopped({ reaches, code, seenAs, sentence });
  }

  /** A container that does not run is the first thing to say, but for who has taken its port. */
  #orStopped(verdict: Path['verdict']): Path['verdict'] {
    const { name, namespace, state } = this.#node;
    if (namespace !== null || verdict.code === 'held_by_another') return verdict;
    return { ...verdict, reaches: false, code: 'target_not_running', sentence: `${name} does not run (${state})` };
  }
}

function emptyHop(kind: Hop['kind'], name: string): Hop {
  return { kind, name, status: 'pass', detail: '', rules: [], counters: null };
}

function spell(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
