// What the picture of a container that is not there yet shows: whose namespace, which bridge, which doors of the host. Pure.
import type { Container, CreateBodies, Network } from '../../../../src/client/index.ts';
import type { DockerRequest } from './docker-run.ts';
import type { CreateMode } from './form.ts';
import { readPort } from './read-port.ts';

export interface Scene {
  /** On the host's edge: what of the host leads to which port of the container. `host` is null where the engine will choose. */
  readonly doors: readonly { readonly host: string | null; readonly address: string; readonly port: string }[];
  readonly bridge: { readonly name: string; readonly subnet: string | null } | null;
  readonly namespace: {
    readonly kind: 'own' | 'shared' | 'host';
    readonly interfaces: readonly { readonly name: string; readonly address: string | null }[];
    /** Those that are in it already; the new one comes after them. */
    readonly members: readonly string[];
  };
}

/** What is known of the engine. */
export interface World {
  readonly containers: readonly Container[];
  readonly networks: readonly Network[];
}

const lo = { name: 'lo', address: '127.0.0.1' } as const;

/** `request` is that of the dry run, null as long as there is none: then ports are not known yet. */
export function describeScene(
  mode: CreateMode,
  body: Partial<CreateBodies['open']> & Partial<CreateBodies['joined']>,
  request: DockerRequest | null,
  world: World,
): Scene {
  if (mode === 'closed') return { doors: [], bridge: null, namespace: { kind: 'own', interfaces: [lo], members: [] } };
  if (mode === 'joined') return describeJoined(findTarget(body.target ?? '', world.containers), world);
  if (mode === 'open' && body.host === true) return hostScene([]);
  const name = request?.HostConfig.NetworkMode ?? body.network ?? 'bridge';
  const network = findNetwork(name, world);
  const doors = request === null ? readDoors(body.ports) : listDoors(request);
  return {
    doors,
    bridge: { name: bridgeName(name), subnet: network?.bip ?? null },
    namespace: { kind: 'own', interfaces: [{ name: 'eth0', address: body.ip ?? null }, lo], members: [] },
  };
}

/** As the server finds it: full id, exact name, or unique prefix of an id. */
export function findTarget(target: string, containers: readonly Container[]): Container | undefined {
  if (target === '') return undefined;
  const exact = containers.find(({ id, name }) => id === target || name === target);
  if (exact !== undefined) return exact;
  const byPrefix = containers.filter(({ id }) => id.startsWith(target));
  return byPrefix.length === 1 ? byPrefix[0] : undefined;
}

/** Whose interfaces and ports those of a joined container are: the end of its chain. */
export function findOwner(target: Container, containers: readonly Container[]): Container {
  const seen = new Set<string>();
  let owner = target;
  while (owner.joinedTo !== null && !seen.has(owner.id)) {
    seen.add(owner.id);
    const { joinedTo } = owner;
    const next = containers.find(({ id }) => id === joinedTo.id);
    if (next === undefined) break;
    owner = next;
  }
  return owner;
}

function describeJoined(target: Container | undefined, world: World): Scene {
  if (target === undefined)
    return { doors: [], bridge: null, namespace: { kind: 'shared', interfaces: [], members: [] } };
  const members = target.namespace?.members.map(({ name }) => name) ?? [target.name];
  if (target.effective === 'host') return hostScene(members);
  const owner = findOwner(target, world.containers);
  const [first] = owner.networks.filter(({ name }) => name !== 'none');
  const doors = owner.ports.map(({ containerPort, protocol, hostIp, hostPort }) => ({
    host: hostPort === null ? null : String(hostPort),
    address: spellAddress(hostIp),
    port: `${containerPort}/${protocol}`,
  }));
  return {
    // Published on all addresses it is there for both families: one door.
    doors: [...new Map(doors.map((door) => [JSON.stringify(door), door])).values()],
    bridge:
      first === undefined
        ? null
        : { name: bridgeName(first.name), subnet: findNetwork(first.name, world)?.bip ?? null },
    namespace: {
      kind: 'shared',
      interfaces: [
        ...owner.networks
          .filter(({ name }) => name !== 'none')
          .map(({ ipv4, prefix }, index) => ({
            name: `eth${index}`,
            address: ipv4 === null ? null : `${ipv4}${prefix === null ? '' : `/${prefix}`}`,
          })),
        lo,
      ],
      members,
    },
  };
}

function listDoors({ HostConfig: { PortBindings = {} } }: DockerRequest): Scene['doors'] {
  return Object.entries(PortBindings).flatMap(([port, bindings]) =>
    bindings.map(({ HostIp, HostPort }) => ({
      host: HostPort === '' ? null : HostPort,
      address: spellAddress(HostIp),
      port,
    })),
  );
}

/** As long as the server has not said what they come to. */
function readDoors(ports: readonly string[] = []): Scene['doors'] {
  return ports
    .map(readPort)
    .filter((read) => read !== null)
    .map(({ ip, hostPort, port, protocol }) => ({
      host: hostPort,
      address: spellAddress(ip ?? ''),
      port: `${port}/${protocol}`,
    }));
}

/** `*`: every address of the host. */
function spellAddress(ip: string): string {
  if (['', '0.0.0.0', '::'].includes(ip)) return '*';
  return ip.includes(':') ? `[${ip}]` : ip;
}

function hostScene(members: readonly string[]): Scene {
  return { doors: [], bridge: null, namespace: { kind: 'host', interfaces: [], members } };
}

function findNetwork(nameOrId: string, { networks }: World): Network | undefined {
  return networks.find(({ id, name }) => name === nameOrId || id === nameOrId);
}

/** Docker calls its default network `bridge`, and the bridge of it docker0. */
function bridgeName(network: string): string {
  return network === 'bridge' ? 'docker0' : network;
}
