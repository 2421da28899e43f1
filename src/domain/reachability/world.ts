// Everything that a prediction rests on: one engine, its host and its namespaces, at one moment; where there are several, each is a world, and only what
// the engines say of their swarm connects them. Types only. What could not be read is null, with
// the reason beside it, and a prediction that would need it says `unknown`.
import type { EffectiveMode, Protocol } from '../../schemas/container.ts';
import type { Route } from '../../schemas/ifconfig.ts';
import type { Ruleset } from '../firewall/ruleset.ts';
import type { SwarmFacts } from '../network/swarm.ts';

/** What was read, or why it was not. */
export type Known<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly reason: string };

export interface World {
  readonly engine: string;
  /** ISO 8601: all of it was so at this time. */
  readonly asOf: string;
  readonly host: HostNetwork;
  /** What the engine is in a swarm; absent where nobody asked. */
  readonly swarm?: SwarmFacts;
  /** Why the engine does not answer: then the nodes are those that were last known, and nobody looked anywhere. Absent where it does. */
  readonly away?: string;
  readonly networks: ReadonlyMap<string, NetworkPlace>;
  /** Every container that was looked at, running or not, and the host. */
  readonly nodes: readonly Node[];
  /** By id of the namespace; the host's too. */
  readonly namespaces: ReadonlyMap<string, NamespacePlace>;
}

/** Somebody who can connect and be connected to. */
export interface Node {
  /** Container id, or that of the host: unlike all others in all worlds that are looked at together. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'container' | 'host';
  /** Null for the host, and for a container that does not run. */
  readonly effective: EffectiveMode | null;
  readonly state: string;
  /** Null where it does not run. */
  readonly namespace: string | null;
  /** Names by which others find it, with the network that knows each. */
  readonly names: readonly { readonly name: string; readonly networkId: string }[];
  readonly publications: readonly Publication[];
}

/** A port of a container that is published on its host. */
export interface Publication {
  readonly containerPort: number;
  readonly protocol: Protocol;
  /** `0.0.0.0`, `::`, or one address. */
  readonly hostIp: string;
  readonly hostPort: number;
}

export interface NetworkPlace {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  /** docker_gwbridge, by which containers on overlays reach the world. Besides them the swarm itself is on it. */
  readonly isGatewayBridge?: boolean;
  /** Of an overlay: what it carries between engines is. */
  readonly encrypted?: boolean;
  /** docker0's: there, no name is resolved. */
  readonly isDefaultBridge: boolean;
  /** `enable_icc`: may containers on it talk to each other. */
  readonly icc: boolean;
  /** The bridge's name on the host (docker0, br-0123456789ab); null for drivers that have none. */
  readonly bridge: string | null;
  readonly subnets: readonly { readonly subnet: string; readonly gateway: string }[];
}

export interface NamespacePlace {
  readonly id: string;
  /** Ids of nodes. */
  readonly members: readonly string[];
  readonly interfaces: readonly InterfacePlace[];
  readonly routes: readonly Route[];
  /** Listening TCP and bound UDP sockets. */
  readonly listeners: Known<readonly Listener[]>;
  readonly resolver: { readonly nameservers: readonly string[] } | null;
}

export interface InterfacePlace {
  readonly name: string;
  /** Its number inside: {@link HostLink.peerIndex} of the other end of its cable. Absent where it is not known. */
  readonly index?: number;
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string | null;
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
  /** The network it is the endpoint of; null for lo, for the host's, and where it is not known. */
  readonly networkId: string | null;
}

export interface Listener {
  readonly protocol: 'tcp' | 'tcp6' | 'udp' | 'udp6';
  /** `0.0.0.0`, `::`, or one address. */
  readonly address: string;
  readonly port: number;
  /** Connections that wait to be accepted: a listener whose queue is full answers nobody. Null where it is not known. */
  readonly waiting: number | null;
}

/** The host's own namespace as far as packets pass through it. */
export interface HostNetwork {
  /** Id of its namespace: `ENGINE~host`. */
  readonly namespace: string;
  readonly rules: { readonly ipv4: Known<Ruleset>; readonly ipv6: Known<Ruleset> };
  readonly links: Known<readonly HostLink[]>;
  readonly settings: Known<HostSettings>;
  /** The processes that carry published ports where no rule does. */
  readonly proxies: Known<readonly PortProxy[]>;
}

/** An interface of the host: a bridge, one end of a veth, a card. */
export interface HostLink {
  readonly name: string;
  readonly index: number;
  /** `iflink`: of a veth, the index of its other end, inside. */
  readonly peerIndex: number;
  /** The bridge that it is a port of. */
  readonly master: string | null;
  readonly up: boolean;
  readonly rx: { readonly packets: number; readonly bytes: number; readonly dropped: number };
  readonly tx: { readonly packets: number; readonly bytes: number; readonly dropped: number };
}

export interface HostSettings {
  /** net.ipv4.ip_forward, net.ipv6.conf.all.forwarding */
  readonly forwarding: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** net.bridge.bridge-nf-call-iptables and -ip6tables: do the rules see what stays on one bridge; false where br_netfilter is not loaded. */
  readonly bridgedPacketsMeetRules: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** Bridges with net.ipv4.conf.NAME.route_localnet. */
  readonly routeLocalnet: ReadonlySet<string>;
}

/** A docker-proxy. */
export interface PortProxy {
  readonly pid: number;
  readonly protocol: Protocol;
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerIp: string;
  readonly containerPort: number;
}
