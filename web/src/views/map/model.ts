// What the map shows, from what the server holds: hosts, on each its networks and published ports, and in them one box for each network namespace
// with its members. Pure: no signal, no position.
import type { Container, EngineView, Network, NetworkAttachment } from '../../../../src/client/index.ts';

/** A network namespace, or what would be one if it ran. */
export interface Box {
  /** Engine and the container that it was made for: the same after a restart, so that it keeps its place. */
  readonly key: string;
  readonly engine: string;
  /** Whom it was made for first, then who joined, by name. */
  readonly members: readonly Container[];
  /** Its one set of interfaces: where it is on. */
  readonly networks: readonly NetworkAttachment[];
  /** A member that runs: by it the namespace is observed. null: none does. */
  readonly witness: string | null;
  /** What is in it was joined to somebody who is not in it any more. */
  readonly isStranded: boolean;
}

/** Boxes that stand together. */
export interface Group {
  readonly key: string;
  readonly engine: string;
  /** `network`: on a bridge (or another driver); `host`: in the host's own namespace; `apart`: with `lo` only. */
  readonly kind: 'network' | 'host' | 'apart';
  /** Of kind `network`. */
  readonly network: Network | null;
  readonly boxes: readonly Box[];
}

/** A port of the host that leads to a box. */
export interface HostPort {
  readonly key: string;
  readonly engine: string;
  readonly hostIp: string;
  readonly hostPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly containerPort: number;
  /** Docker publishes on IPv4 and IPv6 alike: the same port of `::`, or where it chooses the port itself another one. null: not on IPv6. */
  readonly hostPort6: number | null;
  /** The container that asked for it. */
  readonly container: string;
  readonly box: string;
}

export interface Host {
  readonly engine: string;
  readonly view: EngineView;
  readonly ports: readonly HostPort[];
  readonly groups: readonly Group[];
}

export interface MapModel {
  readonly hosts: readonly Host[];
  /** Containers in all boxes. */
  readonly count: number;
}

/** What of it all is shown. */
export interface MapFilter {
  /** Also what Terrarium did not make. */
  readonly withOthers: boolean;
  readonly lab: string | null;
  readonly engine: string | null;
}

interface Known {
  readonly engines: readonly EngineView[];
  readonly containers: readonly Container[];
  readonly networks: readonly Network[];
}

const collator = new Intl.Collator('en', { numeric: true });

export function buildMap({ engines, containers, networks }: Known, filter: MapFilter): MapModel {
  const hosts = engines
    .filter(({ name }) => filter.engine === null || name === filter.engine)
    .map((view) => {
      const own = containers.filter(({ engine }) => engine === view.name);
      const boxes = findBoxes(own, filter);
      return {
        engine: view.name,
        view,
        ports: listPorts(boxes),
        groups: findGroups(view.name, boxes, networks, filter),
      };
    });
  const count = hosts
    .flatMap(({ groups }) => groups)
    .flatMap(({ boxes }) => boxes)
    .reduce((sum, { members }) => sum + members.length, 0);
  return { hosts, count };
}

function findBoxes(containers: readonly Container[], filter: MapFilter): readonly Box[] {
  const byId = new Map(containers.map((one) => [one.id, one]));
  const inBoxes = new Map<string, Container[]>();
  for (const container of containers) {
    const key = nameBox(container, byId);
    inBoxes.set(key, [...(inBoxes.get(key) ?? []), container]);
  }
  return [...inBoxes]
    .map(([key, members]) => makeBox(key, members))
    .filter(({ members }) => members.some((one) => isShown(one, filter)))
    .sort((one, other) => compareNames(one.members[0], other.members[0]));
}

function isShown({ managed, lab }: Container, { withOthers, lab: wanted }: MapFilter): boolean {
  return (managed || withOthers) && (wanted === null || lab === wanted);
}

/** The box of a container: that of the namespace it is in; of one that does not run, that of the one it would join. */
function nameBox(container: Container, byId: ReadonlyMap<string, Container>): string {
  const { engine, id, namespace } = container;
  if (container.effective === 'host') return `${engine}~host~${id}`;
  if (namespace !== null) {
    // Who is stranded holds a namespace alone, and counts as its owner.
    return `${engine}~${readOwner(namespace.id)}`;
  }
  return `${engine}~${findTarget(container, byId)}`;
}

/** Of `ENGINE~OWNER_CONTAINER_ID~OWNER_STARTED_AT`. */
function readOwner(namespaceId: string): string {
  return namespaceId.split('~')[1] ?? '';
}

function findTarget(container: Container, byId: ReadonlyMap<string, Container>): string {
  const seen = new Set<string>();
  let current = container;
  while (current.joinedTo !== null && !seen.has(current.id)) {
    seen.add(current.id);
    const target = byId.get(current.joinedTo.id);
    if (target === undefined) break;
    current = target;
  }
  return current.id;
}

function makeBox(key: string, found: readonly Container[]): Box {
  const ownerId = key.split('~').at(-1);
  const members = [...found].sort((one, other) => {
    if (one.id === ownerId || other.id === ownerId) return one.id === ownerId ? -1 : 1;
    return compareNames(one, other);
  });
  const owner = members.find(({ id }) => id === ownerId);
  const running = members.find(({ namespace }) => namespace !== null);
  return {
    key,
    engine: members[0]?.engine ?? '',
    members,
    networks: [...(owner?.networks ?? [])].sort(compareAttachments),
    witness: running?.id ?? null,
    isStranded: owner?.orphaned === true && owner.namespace !== null,
  };
}

/** A way out first: that is where a container is at home. */
function compareAttachments(one: NetworkAttachment, other: NetworkAttachment): number {
  const leadsOut = ({ gateway }: NetworkAttachment) => Number(gateway !== null);
  return leadsOut(other) - leadsOut(one) || collator.compare(one.name, other.name);
}

function findGroups(
  engine: string,
  boxes: readonly Box[],
  networks: readonly Network[],
  filter: MapFilter,
): readonly Group[] {
  const own = networks.filter((one) => one.engine === engine && !['host', 'null'].includes(one.driver));
  const inGroups = new Map<string, Box[]>();
  for (const box of boxes) {
    const key = nameGroup(box, own);
    inGroups.set(key, [...(inGroups.get(key) ?? []), box]);
  }
  const groups: Group[] = own
    .filter(({ id, managed, lab }) => inGroups.has(id) || (managed && (filter.lab === null || lab === filter.lab)))
    .map((network) => ({
      key: network.id,
      engine,
      kind: 'network' as const,
      network,
      boxes: inGroups.get(network.id) ?? [],
    }))
    .sort(compareGroups);
  for (const kind of ['host', 'apart'] as const) {
    const found = inGroups.get(kind);
    if (found === undefined) continue;
    const group: Group = { key: `${engine}~${kind}`, engine, kind, network: null, boxes: found };
    if (kind === 'host') groups.unshift(group);
    else groups.push(group);
  }
  return groups;
}

/** The network that a box stands in: its first; the others it reaches with a leg. */
function nameGroup({ members, networks }: Box, known: readonly Network[]): string {
  if (members[0]?.effective === 'host' || members[0]?.networks.some(({ name }) => name === 'host')) return 'host';
  for (const { name } of networks) {
    const found = known.find((one) => one.name === name);
    if (found !== undefined) return found.id;
  }
  return 'apart';
}

/** docker0 first, as everybody knows it; then by name. */
function compareGroups({ network: one }: Group, { network: other }: Group): number {
  const isDefault = (network: Network | null) => network?.bridge === 'docker0';
  if (isDefault(one) !== isDefault(other)) return isDefault(one) ? -1 : 1;
  return collator.compare(one?.name ?? '', other?.name ?? '');
}

function listPorts(boxes: readonly Box[]): readonly HostPort[] {
  const found: HostPort[] = [];
  for (const { key: box, members } of boxes)
    for (const { engine, id: container, state, ports } of members) {
      if (state !== 'running') continue;
      // IPv4 first, so that its twin finds it.
      const published = [...ports].sort((one, other) => Number(isIpv6(one.hostIp)) - Number(isIpv6(other.hostIp)));
      for (const { hostIp, hostPort, protocol, containerPort } of published) {
        if (hostPort === null) continue;
        const twin = hostIp === '::' ? findTwin(found, { container, containerPort, protocol, hostPort }) : -1;
        const known = found[twin];
        if (known !== undefined) found[twin] = { ...known, hostPort6: hostPort };
        else {
          const key = `${engine}~${hostIp}~${hostPort}~${protocol}`;
          const hostPort6 = isIpv6(hostIp) ? hostPort : null;
          found.push({ key, engine, hostIp, hostPort, hostPort6, protocol, containerPort, container, box });
        }
      }
    }
  return found.sort((one, other) => one.hostPort - other.hostPort || collator.compare(one.key, other.key));
}

/** The IPv4 side of a publication of `::`: with the same number where there is one, else one that has no other side yet. */
function findTwin(
  ports: readonly HostPort[],
  { hostPort, ...wanted }: Pick<HostPort, 'container' | 'containerPort' | 'protocol' | 'hostPort'>,
): number {
  const fits = (one: HostPort) =>
    one.hostIp === '0.0.0.0' &&
    one.hostPort6 === null &&
    one.container === wanted.container &&
    one.containerPort === wanted.containerPort &&
    one.protocol === wanted.protocol;
  const same = ports.findIndex((one) => fits(one) && one.hostPort === hostPort);
  return same === -1 ? ports.findIndex(fits) : same;
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}

function compareNames(one: Container | undefined, other: Container | undefined): number {
  return collator.compare(one?.name ?? '', other?.name ?? '') || collator.compare(one?.id ?? '', other?.id ?? '');
}
