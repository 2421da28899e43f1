// Shows containers as the API does: what the engine reports, plus everything derived from it (mode, effective, join chain, namespace).
// Pure, and linear in the number of containers: namespaces are indexed once per view.
import type {
  Container,
  ContainerRef,
  NamespaceRef,
  NetworkAttachment,
  PublishedPort,
} from '../../schemas/container.ts';
import { label } from '../labels.ts';
import { networkMtu } from '../network/network-options.ts';
import type { ContainerFacts, EndpointFacts, NetworkFacts } from './facts.ts';
import { findOrphanReason, followJoins, isAlive, joinTarget, locateNamespace } from './join-chain.ts';
import { deriveEffectiveMode, deriveMode } from './mode.ts';
import { formatHostNamespaceId, formatNamespaceId } from './namespace-id.ts';
import { readRejoinPolicy } from './rejoin-plan.ts';

/** One engine as last known: what a view is derived from. */
export interface EngineSnapshot {
  readonly engine: string;
  readonly stale: boolean;
  containers(): Iterable<ContainerFacts>;
  /** By full id. */
  container(id: string): ContainerFacts | undefined;
  network(nameOrId: string): NetworkFacts | undefined;
  /** Inode of a namespace where an observation has seen it. */
  inode?(namespaceId: string): number | null;
  /** When a lab ends: ISO 8601, null where it stays. `home` is the id of the engine where it is at home, null for this one. */
  labEnd?(lab: string, home: string | null): string | null;
}

/** Containers of one snapshot, shown. Valid as long as the snapshot does not change. */
export interface ContainerViewer {
  show(facts: ContainerFacts): Container;
  /** The namespace it is in now: its own, its owner's, or for a stranded one the dead one it holds alone. null while it does not run. */
  namespaceId(facts: ContainerFacts): string | null;
  /** The running containers in a namespace, helpers of ours left out. */
  members(namespaceId: string): readonly ContainerFacts[];
}

/** Makes a viewer of `snapshot`. */
export function viewContainers(snapshot: EngineSnapshot): ContainerViewer {
  let byName: Map<string, ContainerFacts> | undefined;
  const lookup = (idOrName: string) => {
    const found = snapshot.container(idOrName);
    if (found !== undefined) return found;
    byName ??= new Map(Array.from(snapshot.containers(), (one) => [one.name, one]));
    return byName.get(idOrName);
  };

  function namespaceId(facts: ContainerFacts): string | null {
    if (!isAlive(facts)) return null;
    const place = locateNamespace(facts, followJoins(facts, lookup), lookup);
    if (place.kind === 'host') return formatHostNamespaceId(snapshot.engine);
    return formatNamespaceId(snapshot.engine, place.kind === 'owner' ? place.owner : facts);
  }

  let membersById: Map<string, ContainerFacts[]> | undefined;
  function members(id: string): readonly ContainerFacts[] {
    membersById ??= indexMembers(snapshot.containers(), namespaceId);
    return membersById.get(id) ?? [];
  }

  function namespace(facts: ContainerFacts): NamespaceRef | null {
    const id = namespaceId(facts);
    if (id === null) return null;
    return { id, inode: snapshot.inode?.(id) ?? null, members: members(id).map(toRef) };
  }

  /** Its own end or its lab's, whichever comes first. */
  function findEnd(own: string | null, lab: string | null, home: string | null): string | null {
    const labs = lab === null ? null : (snapshot.labEnd?.(lab, home) ?? null);
    if (own === null || labs === null) return own ?? labs;
    return Date.parse(own) <= Date.parse(labs) ? own : labs;
  }

  function show(facts: ContainerFacts): Container {
    const managed = facts.labels[label.managed] === 'true';
    const ours = (key: string) => (managed ? (facts.labels[key] ?? null) : null);
    const orphanReason = findOrphanReason(facts, followJoins(facts, lookup));
    return {
      id: facts.id,
      name: facts.name,
      mode: deriveMode(facts),
      effective: deriveEffectiveMode(facts, lookup),
      engine: snapshot.engine,
      image: facts.image,
      command: [...facts.command],
      state: facts.state,
      createdAt: facts.createdAt,
      startedAt: facts.startedAt,
      exitCode: isAlive(facts) || facts.finishedAt === null ? null : facts.exitCode,
      managed,
      lab: ours(label.lab),
      owner: ours(label.owner),
      expiresAt: findEnd(ours(label.expiresAt), ours(label.lab), ours(label.home)),
      joinedTo: showTarget(facts, lookup),
      orphaned: orphanReason !== null,
      orphanReason,
      rejoin: managed && joinTarget(facts.networkMode) !== null ? readRejoinPolicy(facts) : null,
      namespace: namespace(facts),
      networks: facts.endpoints
        .filter(({ network }) => network !== 'none' && network !== 'host')
        .map((endpoint) =>
          showEndpoint(endpoint, snapshot.network(endpoint.networkId) ?? snapshot.network(endpoint.network)),
        ),
      ports: showPorts(facts),
      stale: snapshot.stale,
    };
  }

  return { show, namespaceId, members };
}

function indexMembers(
  containers: Iterable<ContainerFacts>,
  namespaceId: (facts: ContainerFacts) => string | null,
): Map<string, ContainerFacts[]> {
  const index = new Map<string, ContainerFacts[]>();
  for (const facts of containers) {
    if (facts.labels[label.role] !== undefined) continue;
    const id = namespaceId(facts);
    if (id === null) continue;
    const known = index.get(id);
    if (known === undefined) index.set(id, [facts]);
    else known.push(facts);
  }
  return index;
}

function toRef({ id, name }: ContainerFacts): ContainerRef {
  return { id, name };
}

function showTarget(facts: ContainerFacts, lookup: (ref: string) => ContainerFacts | undefined): Container['joinedTo'] {
  const ref = joinTarget(facts.networkMode);
  if (ref === null) return null;
  const target = lookup(ref);
  if (target !== undefined) return toRef(target);
  return { id: ref, name: facts.labels[label.target] ?? null };
}

function showEndpoint(endpoint: EndpointFacts, network: NetworkFacts | undefined): NetworkAttachment {
  return {
    name: endpoint.network,
    driver: network?.driver ?? null,
    ipv4: endpoint.ipv4 || null,
    prefix: endpoint.ipv4 === '' ? null : endpoint.prefix,
    ipv6: endpoint.ipv6 || null,
    mac: endpoint.mac || null,
    gateway: endpoint.gateway || null,
    mtu: network === undefined ? null : networkMtu(network),
  };
}

/** Live publications of a running container; of another what it asks for, with null where the engine will choose. */
function showPorts(facts: ContainerFacts): PublishedPort[] {
  if (isAlive(facts)) return facts.ports.map((port) => ({ ...port }));
  if (facts.networkMode === 'host' || deriveMode(facts) !== 'open') return [];
  return facts.portBindings.map(({ containerPort, protocol, hostIp, hostPort }) => ({
    containerPort,
    protocol,
    hostIp: hostIp === '' ? '0.0.0.0' : hostIp,
    hostPort: /^[1-9]\d*$/.test(hostPort) ? Number(hostPort) : null,
  }));
}
