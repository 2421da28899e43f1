// Which listening socket gets what comes to an address and a port (net/ipv4/inet_hashtables.c), and if none does, which one comes closest.
import type { Address } from '../subnet.ts';
import type { Listener } from './world.ts';
import { isLoopback, type Namespace, type WorldMap } from './world-map.ts';

export type SocketAnswer =
  | { readonly kind: 'listens'; readonly listener: Listener }
  /** Those on this port, none of which takes what comes to this address. */
  | { readonly kind: 'elsewhere'; readonly listeners: readonly Listener[]; readonly isLoopbackOnly: boolean }
  /** Ports of the same protocol on which something listens, in order. */
  | { readonly kind: 'nothing'; readonly otherPorts: () => readonly number[] }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A socket bound to `::` takes IPv4 too, unless it says otherwise, which nobody outside can see: docker-proxy's sockets do. */
export function findSocket(
  map: WorldMap,
  namespace: Namespace,
  protocol: 'tcp' | 'udp',
  address: Address,
  port: number,
): SocketAnswer {
  const { listeners } = namespace.place;
  if (!listeners.known) return { kind: 'unknown', reason: listeners.reason };
  const isOfProtocol = (one: Listener) => one.protocol === protocol || one.protocol === `${protocol}6`;
  const onPort = (map.socketsOn(namespace, port) ?? []).filter(isOfProtocol);
  let best: Listener | undefined;
  let rank = 0;
  for (const listener of onPort) {
    const own = rankOf(map, namespace, listener, address);
    if (own > rank) [best, rank] = [listener, own];
  }
  if (best !== undefined) return { kind: 'listens', listener: best };
  if (onPort.length === 0)
    return {
      kind: 'nothing',
      otherPorts: () => [...new Set(listeners.value.filter(isOfProtocol).map((one) => one.port))].sort((a, b) => a - b),
    };
  const isLoopbackOnly = onPort.every((one) => {
    const bound = boundTo(map, one);
    return bound !== null && isLoopback(bound);
  });
  return { kind: 'elsewhere', listeners: onPort, isLoopbackOnly };
}

/** The exact address before any address, its own family before both; 0: not for it. */
function rankOf(map: WorldMap, namespace: Namespace, listener: Listener, address: Address): number {
  const bound = boundTo(map, listener);
  if (bound === null) return 0;
  if (bound.family === address.family && bound.value === address.value) return 3;
  if (bound.value !== 0n) return 0;
  if (bound.family === address.family) return 2;
  const isForBoth = bound.family === 'ipv6' && !(namespace.isHost && isOfProxy(map, listener));
  return isForBoth ? 1 : 0;
}

function boundTo(map: WorldMap, { address }: Listener): Address | null {
  return map.address(address);
}

function isOfProxy(map: WorldMap, { port, address }: Listener): boolean {
  return map.proxies()?.some((proxy) => proxy.hostPort === port && proxy.hostIp === address) ?? false;
}
