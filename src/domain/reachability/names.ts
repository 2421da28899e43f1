// What name resolution gives from one node to another: Docker's own name server (127.0.0.11), which knows who is on the asker's user-defined networks.
// Names in /etc/hosts (`--link`, extra hosts) are not looked at.

import type { NetworkPlace, Node } from './world.ts';
import type { Namespace, WorldMap } from './world-map.ts';

export interface ResolvedNames {
  /** Names and aliases of the target that the source can use. */
  readonly names: readonly string[];
  /** Why these, or why none. */
  readonly reason: string;
}

const embeddedServer = '127.0.0.11';

/** @param there the map of the engine that `to` is on: the name servers of a swarm's engines tell each other who is on their networks */
export function resolveNames(here: WorldMap, from: Node, there: WorldMap, to: Node): ResolvedNames {
  const source = from.namespace === null ? undefined : here.namespaces.get(from.namespace);
  const target = to.namespace === null ? undefined : there.namespaces.get(to.namespace);
  const { away } = source === undefined ? here.world : there.world;
  if (away !== undefined) return none(`it is not known: ${away}`);
  if (source === undefined) return none(`${from.name} does not run`);
  if (source.isHost) return none("the host's own resolver knows no containers");
  if (target === undefined) return none(`${to.name} does not run: its names are not resolved`);
  if (target.isHost) return none('the host has no name in Docker');
  const { networks, named } = networksOf(source);
  if (networks.length === 0) return none(`${from.name} is on no network`);
  if (named.length === 0) return none('the default bridge resolves no names');
  const { resolver } = source.place;
  if (resolver !== null && !resolver.nameservers.includes(embeddedServer))
    return none(`${from.name} asks ${resolver.nameservers.join(', ') || 'nobody'}, not Docker's name server`);
  const names = namesOf(there, to, target).filter(({ networkId }) => named.some(({ id }) => id === networkId));
  if (names.length === 0) return none(`${from.name} and ${to.name} share no network that resolves names`);
  const shared = named.filter(({ id }) => names.some(({ networkId }) => networkId === id)).map(({ name }) => name);
  const owner = to.names.length === 0 ? `; ${to.name} is joined: these are the names of ${target.name}` : '';
  return {
    names: [...new Set(names.map(({ name }) => name))],
    reason: `Docker's name server resolves them on ${shared.join(', ')}${owner}`,
  };
}

function none(reason: string): ResolvedNames {
  return { names: [], reason };
}

/** The networks of a namespace, and those of them that resolve names. */
interface Networks {
  readonly networks: readonly NetworkPlace[];
  readonly named: readonly NetworkPlace[];
}

const networksByNamespace = new WeakMap<Namespace, Networks>();

/** Each namespace is asked about by every other one. */
function networksOf(namespace: Namespace): Networks {
  let found = networksByNamespace.get(namespace);
  if (found === undefined) {
    const networks = namespace.interfaces.flatMap(({ network }) => network ?? []);
    found = { networks, named: networks.filter((network) => !network.isDefaultBridge) };
    networksByNamespace.set(namespace, found);
  }
  return found;
}

/** A joined container has none of its own: whoever finds the owner of the namespace finds it. */
function namesOf(map: WorldMap, { names }: Node, { place }: Namespace): Node['names'] {
  if (names.length > 0) return names;
  return place.members.flatMap((id) => map.nodes.get(id)?.names ?? []);
}
