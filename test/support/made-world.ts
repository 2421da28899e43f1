// Small worlds made by hand, wired as Docker 26 wires them: its bridges, addresses, routes, docker-proxies and rules (compared with those of a real
// engine in test/engine/made-world.test.ts). For tests of what is predicted from a world; it runs nothing.
import { parseRuleset } from '../../src/domain/firewall/parse.ts';
import type { SwarmFacts } from '../../src/domain/network/swarm.ts';
import type {
  HostLink,
  HostSettings,
  InterfacePlace,
  Listener,
  NamespacePlace,
  NetworkPlace,
  Node,
  PortProxy,
  World,
} from '../../src/domain/reachability/world.ts';

export interface MadeNetwork {
  readonly name: string;
  /** `172.30.1`: the first three numbers of its /24; its gateway is `.1`. */
  readonly at: string;
  readonly internal?: boolean;
  readonly icc?: boolean;
  readonly driver?: string;
  /** Of an overlay. */
  readonly encrypted?: boolean;
}

export interface MadeContainer {
  readonly name: string;
  /** Of networks, in order; the first gives the default route. None: closed. */
  readonly on?: readonly string[];
  readonly joins?: string;
  readonly isInHost?: boolean;
  readonly state?: 'running' | 'paused' | 'exited';
  /** `80`, `127.0.0.1:80`, `udp 53`; of `:::80` the last part is the port. */
  readonly listens?: readonly string[];
  /** `0.0.0.0:8080:80`, also `…/udp`. */
  readonly publishes?: readonly string[];
}

export interface MadeWorld {
  /** Default: `local`. Names of containers are to be others on each. */
  readonly engine?: string;
  /** Of the host in its own network; default: {@link hostAddress}. */
  readonly address?: string;
  /** It is in a swarm, with others that are told of the same manager. */
  readonly swarm?: SwarmFacts;
  readonly networks: readonly MadeNetwork[];
  readonly containers: readonly MadeContainer[];
  /** On the host itself, besides docker-proxy. */
  readonly hostListens?: readonly string[];
  readonly settings?: Partial<HostSettings>;
  /** Changes the rules before they are read: `rules => rules.replace(…)`. */
  readonly changeRules?: (rules: string) => string;
  readonly userlandProxy?: boolean;
}

/** The address of the made host in its own network, and that of its gateway. */
export const hostAddress = '192.0.2.2';
export const outsideAddress = '192.0.2.1';

const engineOf = ({ engine = 'local' }: MadeWorld) => engine;
const hostIdOf = (made: MadeWorld) => `${engineOf(made)}~host`;
/** Of one that is not `local` it names the engine, so that several can be looked at together. */
const hostNodeOf = (made: MadeWorld) => (made.engine === undefined ? 'host' : hostIdOf(made));

interface Wired {
  readonly container: MadeContainer;
  readonly id: string;
  readonly addresses: ReadonlyMap<string, string>;
}

export function makeWorld(made: MadeWorld): World {
  const networks = new Map(made.networks.map((network) => [network.name, toPlace(network)]));
  const wired = wire(made);
  const publications = wired.flatMap(({ container, addresses }) =>
    publicationsOf(container).map((publication) => ({
      publication,
      containerIp: [...addresses.values()][0] ?? '',
      container,
    })),
  );
  const isProxied = made.userlandProxy ?? true;
  const proxies: PortProxy[] = isProxied
    ? publications.map(({ publication, containerIp }, i) => ({ pid: 100 + i, containerIp, ...publication }))
    : [];
  const owners = wired.filter(({ container }) => container.joins === undefined && !container.isInHost);
  const namespaces = new Map<string, NamespacePlace>();
  const members = (owner: Wired) => [
    owner,
    ...wired.filter(({ container }) => rootOf(made, container) === owner.container.name),
  ];
  for (const owner of owners.filter(({ container }) => container.state !== 'exited'))
    namespaces.set(`${engineOf(made)}~${owner.id}`, makeNamespace(made, owner, members(owner)));
  const inHost = wired.filter(({ container }) => isInHost(made, container));
  namespaces.set(hostIdOf(made), makeHost(made, inHost, proxies));
  const hostId = hostIdOf(made);
  return {
    engine: engineOf(made),
    ...(made.swarm !== undefined && { swarm: made.swarm }),
    asOf: '2026-01-01T00:00:00.000Z',
    networks,
    namespaces,
    nodes: [
      {
        id: hostNodeOf(made),
        name: 'host',
        kind: 'host',
        effective: null,
        state: 'running',
        namespace: hostId,
        names: [],
        publications: [],
      },
      ...wired.map((one) => toNode(made, one)),
    ],
    host: {
      namespace: hostId,
      rules: {
        ipv4: {
          known: true,
          value: parseRuleset((made.changeRules ?? ((text) => text))(writeRules(made, wired)), 'ipv4'),
        },
        ipv6: { known: true, value: parseRuleset('', 'ipv6') },
      },
      links: { known: true, value: makeLinks(made, owners) },
      settings: {
        known: true,
        value: {
          forwarding: { ipv4: true, ipv6: false },
          bridgedPacketsMeetRules: { ipv4: true, ipv6: true },
          routeLocalnet: new Set(),
          ...made.settings,
        },
      },
      proxies: { known: true, value: proxies },
    },
  };
}

function rootOf(made: MadeWorld, { joins }: MadeContainer): string | undefined {
  if (joins === undefined) return undefined;
  const target = made.containers.find(({ name }) => name === joins);
  return target === undefined ? undefined : (rootOf(made, target) ?? target.name);
}

function isInHost(made: MadeWorld, container: MadeContainer): boolean {
  const root = rootOf(made, container);
  const owner = root === undefined ? container : made.containers.find(({ name }) => name === root);
  return owner?.isInHost === true;
}

function bridgeOf({ name }: MadeNetwork): string {
  return name === 'bridge' ? 'docker0' : `br-${name}`;
}

function toPlace(network: MadeNetwork): NetworkPlace {
  const driver = network.driver ?? 'bridge';
  return {
    id: network.name,
    name: network.name,
    driver,
    internal: network.internal ?? false,
    ...(network.encrypted !== undefined && { encrypted: network.encrypted }),
    isDefaultBridge: network.name === 'bridge',
    icc: network.icc ?? true,
    bridge: driver === 'bridge' ? bridgeOf(network) : null,
    subnets: [{ subnet: `${network.at}.0/24`, gateway: `${network.at}.1` }],
  };
}

/** Addresses are given in order, from `.2`. */
function wire({ networks, containers }: MadeWorld): Wired[] {
  const next = new Map(networks.map(({ name }) => [name, 2]));
  return containers.map((container) => {
    const addresses = new Map<string, string>();
    for (const name of container.on ?? []) {
      const at = networks.find((network) => network.name === name)?.at;
      const number = next.get(name) ?? 2;
      next.set(name, number + 1);
      addresses.set(name, `${at}.${number}`);
    }
    return { container, id: container.name, addresses };
  });
}

function toNode(made: MadeWorld, { container, id, addresses }: Wired): Node {
  const isRunning = container.state !== 'exited';
  const namespace = isInHost(made, container) ? hostIdOf(made) : `${engineOf(made)}~${rootOf(made, container) ?? id}`;
  return {
    id,
    name: container.name,
    kind: 'container',
    effective: isRunning ? (isInHost(made, container) ? 'host' : addresses.size > 0 ? 'bridged' : 'closed') : null,
    state: container.state ?? 'running',
    namespace: isRunning ? namespace : null,
    names: [...addresses.keys()].map((networkId) => ({ name: container.name, networkId })),
    publications: isRunning ? publicationsOf(container) : [],
  };
}

function publicationsOf({ publishes = [] }: MadeContainer) {
  return publishes.map((text) => {
    const [, hostIp = '', hostPort, containerPort, , protocol] = /^(.*):(\d+):(\d+)(\/(udp))?$/.exec(text) ?? [];
    return {
      hostIp,
      hostPort: Number(hostPort),
      containerPort: Number(containerPort),
      protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
    };
  });
}

function toListener(text: string): Listener {
  const [, udp, , address = '0.0.0.0', port] = /^(udp )?((.*):)?(\d+)$/.exec(text) ?? [];
  const base = udp === undefined ? 'tcp' : 'udp';
  return {
    protocol: address.includes(':') ? `${base}6` : base,
    address,
    port: Number(port),
    waiting: base === 'tcp' ? 0 : null,
  };
}

const lo: InterfacePlace = {
  name: 'lo',
  index: 1,
  up: true,
  mtu: 65536,
  mac: null,
  addresses: [
    { address: '127.0.0.1', prefix: 8 },
    { address: '::1', prefix: 128 },
  ],
  networkId: null,
};

function device(name: string, address: string, networkId: string | null, index: number): InterfacePlace {
  return { name, index, up: true, mtu: 1500, mac: null, addresses: [{ address, prefix: 24 }], networkId };
}

function route(destination: string, prefix: number, gateway: string | null, name: string) {
  return { destination, prefix, gateway, interface: name, metric: 0, reject: false };
}

/** A cable's two ends have neighbouring numbers. */
function cableIndex(owner: number, network: number): number {
  return 100 + owner * 40 + network * 2;
}

function makeNamespace(made: MadeWorld, owner: Wired, members: readonly Wired[]): NamespacePlace {
  const number = made.containers.indexOf(owner.container);
  const ends = [...owner.addresses].map(([name, address], i) => {
    const network = made.networks.find((one) => one.name === name);
    return { name: `eth${i}`, network, address, index: cableIndex(number, i) };
  });
  const way = ends.find(({ network }) => network?.internal !== true);
  return {
    id: `${engineOf(made)}~${owner.id}`,
    members: members.map(({ id }) => id),
    interfaces: [
      lo,
      ...ends.map(({ name, address, network, index }) => device(name, address, network?.name ?? null, index)),
    ],
    routes: [
      ...(way?.network === undefined ? [] : [route('0.0.0.0', 0, `${way.network.at}.1`, way.name)]),
      ...ends.flatMap(({ network, name }) => (network === undefined ? [] : [route(`${network.at}.0`, 24, null, name)])),
    ],
    listeners: { known: true, value: members.flatMap(({ container }) => (container.listens ?? []).map(toListener)) },
    resolver: { nameservers: owner.container.on?.some((name) => name !== 'bridge') ? ['127.0.0.11'] : ['192.0.2.1'] },
  };
}

function makeHost(made: MadeWorld, inHost: readonly Wired[], proxies: readonly PortProxy[]): NamespacePlace {
  const bridges = made.networks.filter(({ driver = 'bridge' }) => driver === 'bridge');
  const ownListens = [...(made.hostListens ?? []), ...inHost.flatMap(({ container }) => container.listens ?? [])];
  return {
    id: hostIdOf(made),
    members: [hostNodeOf(made), ...inHost.map(({ id }) => id)],
    interfaces: [
      lo,
      device('eth0', made.address ?? hostAddress, null, 2),
      ...bridges.map((network, i) => device(bridgeOf(network), `${network.at}.1`, null, 3 + i)),
    ],
    routes: [
      route('0.0.0.0', 0, outsideAddress, 'eth0'),
      route('192.0.2.0', 24, null, 'eth0'),
      ...bridges.map((network) => route(`${network.at}.0`, 24, null, bridgeOf(network))),
    ],
    listeners: {
      known: true,
      value: [
        ...ownListens.map(toListener),
        ...proxies.map(
          ({ hostIp, hostPort, protocol }): Listener => ({
            protocol: hostIp.includes(':')
              ? protocol === 'udp'
                ? 'udp6'
                : 'tcp6'
              : protocol === 'udp'
                ? 'udp'
                : 'tcp',
            address: hostIp,
            port: hostPort,
            waiting: protocol === 'tcp' ? 0 : null,
          }),
        ),
      ],
    },
    resolver: null,
  };
}

function makeLinks(made: MadeWorld, owners: readonly Wired[]): HostLink[] {
  const counters = { rx: { packets: 0, bytes: 0, dropped: 0 }, tx: { packets: 0, bytes: 0, dropped: 0 } };
  const bridges = made.networks.map((network, i) => ({
    name: bridgeOf(network),
    index: 3 + i,
    peerIndex: 3 + i,
    master: null,
  }));
  const cables = owners.flatMap(({ container, addresses }) => {
    const number = made.containers.indexOf(container);
    return [...addresses.keys()].map((name, i) => {
      const network = made.networks.find((one) => one.name === name);
      const index = cableIndex(number, i);
      return {
        name: `veth-${container.name}-${i}`,
        index: index + 1,
        peerIndex: index,
        master: network === undefined ? null : bridgeOf(network),
      };
    });
  });
  const own = { name: 'eth0', index: 2, peerIndex: 2, master: null };
  return [own, ...bridges, ...cables].map((link) => ({ ...link, up: true, ...counters }));
}

/** As libnetwork's bridge driver writes them, in its order; the newest network first. */
function writeRules(made: MadeWorld, wired: readonly Wired[]): string {
  const bridges = made.networks.filter(({ driver = 'bridge' }) => driver === 'bridge').reverse();
  const open = bridges.filter(({ internal }) => internal !== true);
  const isProxied = made.userlandProxy ?? true;
  const published = wired
    .filter(({ container }) => container.state !== 'exited')
    .flatMap(({ container, addresses }) => {
      const [name, address] = [...addresses][0] ?? [];
      const network = made.networks.find((one) => one.name === name);
      if (network === undefined || network.internal === true) return [];
      return publicationsOf(container).map((publication) => ({ publication, address, bridge: bridgeOf(network) }));
    });
  const port = (protocol: string, number: number) => `-p ${protocol} -m ${protocol} --dport ${number}`;
  return [
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':DOCKER - [0:0]',
    ':DOCKER-ISOLATION-STAGE-1 - [0:0]',
    ':DOCKER-ISOLATION-STAGE-2 - [0:0]',
    ':DOCKER-USER - [0:0]',
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1',
    ...bridges.flatMap((network) => {
      const name = bridgeOf(network);
      if (network.internal === true)
        return [`-A FORWARD -i ${name} -o ${name} -j ${network.icc === false ? 'DROP' : 'ACCEPT'}`];
      return [
        `-A FORWARD -o ${name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
        `-A FORWARD -o ${name} -j DOCKER`,
        `-A FORWARD -i ${name} ! -o ${name} -j ACCEPT`,
        ...(network.icc === false ? [] : [`-A FORWARD -i ${name} -o ${name} -j ACCEPT`]),
      ];
    }),
    ...open
      .filter(({ icc }) => icc === false)
      .map((network) => `-A FORWARD -i ${bridgeOf(network)} -o ${bridgeOf(network)} -j DROP`),
    ...published.map(
      ({ publication, address, bridge }) =>
        `-A DOCKER -d ${address}/32 ! -i ${bridge} -o ${bridge} ${port(publication.protocol, publication.containerPort)} -j ACCEPT`,
    ),
    ...bridges.flatMap((network) => {
      const name = bridgeOf(network);
      if (network.internal !== true)
        return [`-A DOCKER-ISOLATION-STAGE-1 -i ${name} ! -o ${name} -j DOCKER-ISOLATION-STAGE-2`];
      return [
        `-A DOCKER-ISOLATION-STAGE-1 ! -s ${network.at}.0/24 -o ${name} -j DROP`,
        `-A DOCKER-ISOLATION-STAGE-1 ! -d ${network.at}.0/24 -i ${name} -j DROP`,
      ];
    }),
    '-A DOCKER-ISOLATION-STAGE-1 -j RETURN',
    ...open.map((network) => `-A DOCKER-ISOLATION-STAGE-2 -o ${bridgeOf(network)} -j DROP`),
    '-A DOCKER-ISOLATION-STAGE-2 -j RETURN',
    '-A DOCKER-USER -j RETURN',
    'COMMIT',
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ':DOCKER - [0:0]',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    `-A OUTPUT ${isProxied ? '! -d 127.0.0.0/8 ' : ''}-m addrtype --dst-type LOCAL -j DOCKER`,
    ...open.flatMap((network) => [
      ...(isProxied ? [] : [`-A POSTROUTING -o ${bridgeOf(network)} -m addrtype --src-type LOCAL -j MASQUERADE`]),
      `-A POSTROUTING -s ${network.at}.0/24 ! -o ${bridgeOf(network)} -j MASQUERADE`,
    ]),
    ...published.map(
      ({ publication, address }) =>
        `-A POSTROUTING -s ${address}/32 -d ${address}/32 ${port(publication.protocol, publication.containerPort)} -j MASQUERADE`,
    ),
    ...(isProxied ? open.map((network) => `-A DOCKER -i ${bridgeOf(network)} -j RETURN`) : []),
    ...published.flatMap(({ publication, address, bridge }) => {
      const { hostIp, hostPort, containerPort, protocol } = publication;
      if (hostIp.includes(':')) return [];
      const only = hostIp === '0.0.0.0' ? '' : `-d ${hostIp}/32 `;
      const from = isProxied ? `! -i ${bridge} ` : '';
      return [
        `-A DOCKER ${only}${from}${port(protocol, hostPort)} -j DNAT --to-destination ${address}:${containerPort}`,
      ];
    }),
    'COMMIT',
    '',
  ].join('\n');
}
