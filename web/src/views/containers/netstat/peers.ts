// Whose address one is: a container's of the same engine, the host's on its bridge, or the namespace's own.
import type { Container } from '../../../../../src/client/index.ts';
import { store } from '../../../store/store.ts';

export type Peer =
  | { readonly kind: 'container'; readonly id: string; readonly name: string }
  /** The gateway of one of its bridges: the host, or what comes by it. */
  | { readonly kind: 'gateway'; readonly network: string }
  | { readonly kind: 'itself' };

/** Finds by address what a socket of this container is connected to; undefined for what is beyond the engine, or nobody. Reads signals. */
export function listPeers(container: Container): ReadonlyMap<string, Peer> {
  const peers = new Map<string, Peer>([
    ['127.0.0.1', { kind: 'itself' }],
    ['::1', { kind: 'itself' }],
  ]);
  const members = new Set(container.namespace?.members.map(({ id }) => id));
  const all = store.containers.all.value.filter(({ engine }) => engine === container.engine);
  for (const { id, name, state, networks } of all) {
    if (state !== 'running' && state !== 'paused') continue;
    const isMember = id === container.id || members.has(id);
    for (const { name: network, ipv4, ipv6, gateway } of networks) {
      if (isMember && gateway !== null && gateway !== '') peers.set(gateway, { kind: 'gateway', network });
      for (const address of [ipv4, ipv6])
        if (address !== null) peers.set(address, isMember ? { kind: 'itself' } : { kind: 'container', id, name });
    }
  }
  return peers;
}

/** An IPv4 address as a socket of the IPv6 family shows it is that address. */
export function findPeer(peers: ReadonlyMap<string, Peer>, address: string): Peer | undefined {
  return peers.get(address.replace(/^::ffff:(?=\d+\.)/, ''));
}
