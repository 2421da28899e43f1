// Sees that the subnets that somebody wants are free: of other networks, and of the routes of the engine's host. What is in the way is named, and a
// free subnet offered.
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreeSubnet } from '../../domain/network/free-subnet.ts';
import { moveSubnet } from '../../domain/network/moved-subnet.ts';
import {
  describeOccupant,
  findOverlaps,
  networkOccupants,
  type Occupant,
  routeOccupants,
} from '../../domain/network/overlap.ts';
import type { WantedSubnet } from '../../domain/network/subnet-plan.ts';
import { formatSubnet } from '../../domain/subnet.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { CreateNetwork } from '../../schemas/network.ts';
import type { HostRoutes } from './host-routes.ts';

export interface SubnetCheck {
  /** Fails with `address_in_use`; answers what is worth a warning. */
  requireFree(mirror: EngineMirror, request: CreateNetwork, wanted: readonly WantedSubnet[]): Promise<string[]>;
  /** After the engine has said that one is in use: fails naming who was faster, returns where that cannot be seen. */
  nameHolder(mirror: EngineMirror, request: CreateNetwork, wanted: readonly WantedSubnet[]): Promise<void>;
}

/** How long the engine may take to show a network whose subnet it keeps already, and whose bridge its host has. */
const newsPatienceMs = 2_000;
const pollMs = 50;

export function createSubnetCheck(hostRoutes: HostRoutes): SubnetCheck {
  return {
    async requireFree(mirror, request, wanted) {
      if (wanted.length === 0) return []; // one that the engine chooses it compares with its host's routes itself
      // Those of an overlay are on no host.
      const read = request.driver === 'overlay' ? { known: true as const, value: [] } : await hostRoutes.read(mirror);
      const routes = read.known ? routeOccupants(read.value) : [];
      await knowBridges(mirror, wanted, routes);
      const networks = networkOccupants(mirror.networks());
      const all = [...networks, ...routes];
      const refused = request.force === true ? networks : all;
      for (const one of wanted) refuseOverlap(mirror, request, one, refused, all);
      return [
        ...(read.known ? [] : [`Whether a route of the host is in the way is not known: ${read.reason}.`]),
        ...wanted.flatMap(({ subnet }) =>
          findOverlaps(subnet, all).map(
            (occupant) => `${formatSubnet(subnet)} overlaps with ${describeOccupant(occupant)}, as was asked for.`,
          ),
        ),
      ];
    },

    async nameHolder(mirror, request, wanted) {
      await poll(async () => {
        await mirror.refreshNetworks();
        const networks = networkOccupants(mirror.networks());
        for (const one of wanted) refuseOverlap(mirror, request, one, networks, networks);
        return false;
      });
    },
  };
}

/** A network that is being made has its route on the host before the engine shows it. */
async function knowBridges(
  mirror: EngineMirror,
  wanted: readonly WantedSubnet[],
  routes: readonly Occupant[],
): Promise<void> {
  const ids = wanted
    .flatMap(({ subnet }) => findOverlaps(subnet, routes))
    .flatMap((one) => (one.kind === 'route' ? (/^br-([0-9a-f]{12})$/.exec(one.interface)?.[1] ?? []) : []));
  if (ids.length === 0) return;
  await poll(async () => {
    await mirror.refreshNetworks();
    const known = [...mirror.networks()];
    return ids.every((id) => known.some((network) => network.id.startsWith(id)));
  });
}

/** Until it is so, or the patience is at its end. */
async function poll(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + newsPatienceMs;
  while (!(await isSo()) && performance.now() < deadline) await sleep(pollMs);
}

function refuseOverlap(
  { info }: EngineMirror,
  request: CreateNetwork,
  wanted: WantedSubnet,
  occupants: readonly Occupant[],
  all: readonly Occupant[],
): void {
  const overlaps = findOverlaps(wanted.subnet, occupants);
  const [first] = overlaps;
  if (first === undefined) return;
  const taken = all.map(({ subnet }) => subnet);
  const free = findFreeSubnet(wanted.subnet, info?.addressPools ?? [], taken);
  const moved = free === null ? null : moveSubnet(request, wanted, free);
  const offer =
    free === null || moved === null
      ? 'No subnet is free in the pools of the engine.'
      : `${formatSubnet(free)} is free: ${spell(moved)}.`;
  const more = overlaps.length === 1 ? '' : `, and with ${overlaps.length - 1} more`;
  throw new Failure(
    'address_in_use',
    `${formatSubnet(wanted.subnet)} overlaps with ${describeOccupant(first)}${more}`,
    {
      field: wanted.field,
      hint: first.kind === 'route' ? `${offer} force: true takes the subnet in spite of the route.` : offer,
      extra: { overlaps: overlaps.map(showOccupant), free: moved },
    },
  );
}

function showOccupant(occupant: Occupant): object {
  return { ...occupant, subnet: formatSubnet(occupant.subnet) };
}

/** `"bip": "172.18.0.1/24"`, as it is written in a body. */
function spell(fields: object): string {
  return JSON.stringify(fields).slice(1, -1).replaceAll('":"', '": "').replaceAll('","', '", "');
}
