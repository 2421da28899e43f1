// Containers, networks and engines as the API shows them, made up for tests of the map: only what a test says differs.
import type { Container, EngineView, Network, NetworkAttachment, Socket } from '../../src/client/index.ts';

export function makeContainer(name: string, differing: Partial<Container> = {}): Container {
  const id = differing.id ?? `id-${name}`;
  const engine = differing.engine ?? 'local';
  return {
    id,
    name,
    mode: 'bridged',
    effective: 'bridged',
    engine,
    image: 'busybox',
    command: ['sleep', '1'],
    state: 'running',
    createdAt: '2026-01-01T00:00:00.000Z',
    startedAt: '2026-01-01T00:00:00.000Z',
    exitCode: null,
    managed: true,
    lab: null,
    owner: null,
    expiresAt: null,
    joinedTo: null,
    orphaned: false,
    orphanReason: null,
    rejoin: null,
    namespace: { id: `${engine}~${id}~2026-01-01T00:00:00.000Z`, inode: null, members: [{ id, name }] },
    networks: [],
    ports: [],
    stale: false,
    ...differing,
  };
}

/** One that shares the namespace of another. */
export function makeJoined(name: string, target: Container, differing: Partial<Container> = {}): Container {
  return makeContainer(name, {
    mode: 'joined',
    effective: target.effective,
    joinedTo: { id: target.id, name: target.name },
    namespace: target.namespace,
    ...differing,
  });
}

export function attach(name: string, ipv4: string, differing: Partial<NetworkAttachment> = {}): NetworkAttachment {
  const gateway = ipv4.replace(/\d+$/, '1');
  return { name, driver: 'bridge', ipv4, prefix: 24, ipv6: null, mac: null, gateway, mtu: 1500, ...differing };
}

export function makeNetwork(name: string, net: string, differing: Partial<Network> = {}): Network {
  return {
    id: `net-${name}`,
    name,
    engine: 'local',
    engines: ['local'],
    driver: 'bridge',
    scope: 'local',
    managed: true,
    lab: null,
    owner: null,
    labels: {},
    internal: false,
    attachable: false,
    encrypted: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    bridge: `br-${name}`,
    bip: `${net}.1/24`,
    'fixed-cidr': null,
    ipv6: false,
    'fixed-cidr-v6': null,
    mtu: null,
    'default-gateway': null,
    'default-gateway-v6': null,
    dns: [],
    icc: true,
    'ip-masq': true,
    subnets: [{ subnet: `${net}.0/24`, range: null, bridge: `${net}.1`, gateway: `${net}.1` }],
    containers: [],
    stale: false,
    ...differing,
  };
}

export function makeEngine(name = 'local', differing: Partial<EngineView> = {}): EngineView {
  const fine = { available: true, reason: null };
  return {
    name,
    state: 'live',
    reason: null,
    since: '2026-01-01T00:00:00.000Z',
    ageMs: 0,
    failures: 0,
    retryAt: null,
    endpoint: 'unix:///var/run/docker.sock',
    transport: 'unix',
    labels: {},
    version: '26.1.5',
    apiVersion: '1.45',
    os: 'linux',
    arch: 'amd64',
    kernel: '6.1',
    cpus: 2,
    memory: 1,
    containers: 0,
    swarm: { state: 'inactive', nodeId: null, clusterId: null, address: null },
    capabilities: {
      observer: { ...fine, via: 'probe' },
      hostMode: fine,
      overlay: { available: false, reason: 'The engine is in no swarm' },
      rules: fine,
      writes: fine,
    },
    ...differing,
  };
}

let inode = 0;

/** `10.1.0.2:80` or `[fd00::2]:80` for each end; remote `*` where there is none. */
export function makeSocket(
  local: string,
  remote: string,
  state: Socket['state'],
  protocol: Socket['protocol'] = 'tcp',
): Socket {
  inode += 1;
  return {
    id: `${protocol}/${inode}`,
    protocol,
    recvQ: 0,
    sendQ: 0,
    local: readEnd(local),
    remote: readEnd(remote),
    state,
  };
}

function readEnd(text: string): Socket['local'] {
  if (text === '*') return { address: '0.0.0.0', port: 0 };
  const [, address = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? [];
  return { address, port: Number(port) };
}
