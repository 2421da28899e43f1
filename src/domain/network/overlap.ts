// What a subnet that is asked for gets in the way of: other networks of the engine, and routes of its host. Docker itself looks at the networks
// only; a subnet on a route of the host cuts the host off from what is behind it.
import type { Route } from '../../schemas/ifconfig.ts';
import type { NetworkFacts } from '../container/facts.ts';
import { formatSubnet, overlaps, parseSubnet, type Subnet } from '../subnet.ts';

/** A range of addresses that is in use, and by what. */
export type Occupant =
  | { readonly kind: 'network'; readonly subnet: Subnet; readonly id: string; readonly name: string }
  | { readonly kind: 'route'; readonly subnet: Subnet; readonly interface: string; readonly gateway: string | null };

/** The subnets of the networks, but those that containers are on in name only (`host`, `none`). */
export function networkOccupants(networks: Iterable<NetworkFacts>): Occupant[] {
  return Array.from(networks).flatMap(({ id, name, subnets }) =>
    subnets.flatMap(({ subnet: text }) => {
      const subnet = parseSubnet(text)?.subnet;
      return subnet === undefined ? [] : [{ kind: 'network' as const, subnet, id, name }];
    }),
  );
}

/** The routes, but default ones and those of link-local addresses, which every interface has. */
export function routeOccupants(routes: readonly Route[]): Occupant[] {
  return routes.flatMap(({ destination, prefix, interface: device, gateway }) => {
    const subnet = parseSubnet(`${destination}/${prefix}`)?.subnet;
    if (subnet === undefined || prefix === 0 || destination.toLowerCase().startsWith('fe80:')) return [];
    return [{ kind: 'route' as const, subnet, interface: device, gateway }];
  });
}

/** Those that have an address in common with `subnet`. A network comes before the route that its own bridge makes. */
export function findOverlaps(subnet: Subnet, occupants: readonly Occupant[]): Occupant[] {
  const found = occupants.filter((one) => overlaps(one.subnet, subnet));
  const networks = found.filter(({ kind }) => kind === 'network');
  const routes = found.filter(
    (one) => one.kind === 'route' && !networks.some((network) => isSame(network.subnet, one.subnet)),
  );
  return [...networks, ...routes];
}

/** `the network "x" (172.18.0.0/16)`, `the host's route to 10.0.0.0/8 via 192.0.2.1 on eth0`. */
export function describeOccupant(occupant: Occupant): string {
  const range = formatSubnet(occupant.subnet);
  if (occupant.kind === 'network') return `the network "${occupant.name}" (${range})`;
  const via = occupant.gateway === null ? '' : ` via ${occupant.gateway}`;
  return `the host's route to ${range}${via} on ${occupant.interface}`;
}

function isSame(one: Subnet, other: Subnet): boolean {
  return one.family === other.family && one.base === other.base && one.prefix === other.prefix;
}
